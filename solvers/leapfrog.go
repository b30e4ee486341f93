package solvers

// Leapfrog is the method of order 2 of Störmer and Verlet, in velocities: half a kick, a drift, half a kick.
var Leapfrog = newSplitting("leapfrog",
	"L. Verlet, Phys. Rev. 159 (1967) 98–103; E. Hairer, C. Lubich, G. Wanner, Acta Numer. 12 (2003) 399–450", 2, "1")
