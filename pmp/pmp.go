// Package pmp chooses controls by the Pontryagin maximum principle. A control θ(t) steers a batch of states
//
//	ẋ_s = f(t, x_s, θ),   x_s(t₀) given,
//
// to a small value of
//
//	J(θ) = mean_s [ Φ(x_s(t₁)) + Σ_k ℓ_k(x_s(t_k)) + ∫ L(t, x_s, θ) dt ] + ∫ ½ν|θ|² + β|θ|₁ dt.
//
// With the Hamiltonian H = p·f − L and the costate ṗ = −∂H/∂x, p(t₁) = −∂Φ/∂x, p(t_k⁻) = p(t_k⁺) − ∂ℓ_k/∂x, an
// optimal control maximizes H at every time (Pontryagin et al., The Mathematical Theory of Optimal Processes,
// 1962), and for any control ∇J = −∫ ∂H/∂θ dt.
//
// A Sweeper integrates the states forward and the costate of the discretized problem backward over the same
// steps, so that the gradient is exact for the J that is computed. What the backward sweep leaves behind are
// frozen points: stages (t, x) with their costates. A Maximizer raises the Hamiltonian over θ at the frozen
// points, where no differential equation is solved; an Optimizer turns sweeps and maximizers into iterates.
// Shooting solves the maximum principle itself, as a boundary value problem, for small classical problems.
package pmp
