// Boost.odeint: pairs and extrapolation on std::array, whose size is known at compile time; Rosenbrock's method on
// the matrices of uBLAS, which it demands.
#define NDEBUG
#define BOOST_UBLAS_NDEBUG

#include <boost/numeric/odeint.hpp>
#include <boost/version.hpp>
#include <stdexcept>

#include "measure.hpp"

namespace odeint = boost::numeric::odeint;

template <class Problem>
struct rate {
    using state = std::array<double, Problem::n>;
    void operator()(const state &x, state &dx, double) const {
        if (++evaluations > limit) throw std::runtime_error("too many evaluations");
        Problem::f(x.data(), dx.data());
    }
};

template <class Problem, class Stepper>
void pair(const char *method) {
    for (double tol : settings.tolerances)
        if (!measure<Problem>(method, tol, [&](double *end) {
            auto x = Problem::x0;
            odeint::integrate_adaptive(odeint::make_controlled<Stepper>(settings.weight * tol, tol), rate<Problem>{}, x, 0.0, Problem::t1,
                                       Problem::first * std::pow(tol, 1.0 / 6));
            std::copy(x.begin(), x.end(), end);
            return true;
        })) break;
}

template <class Problem>
void extrapolation() {
    using state = std::array<double, Problem::n>;
    for (double tol : settings.tolerances) {
        odeint::bulirsch_stoer<state> stepper(settings.weight * tol, tol);
        if (!measure<Problem>("bulirsch-stoer", tol, [&](double *end) {
            auto x = Problem::x0;
            stepper.reset();
            odeint::integrate_adaptive(std::ref(stepper), rate<Problem>{}, x, 0.0, Problem::t1, Problem::first * std::pow(tol, 1.0 / 6));
            std::copy(x.begin(), x.end(), end);
            return true;
        })) break;
    }
}

template <class Problem>
void rosenbrock() {
    using vector = boost::numeric::ublas::vector<double>;
    using matrix = boost::numeric::ublas::matrix<double>;
    const auto f = [](const vector &x, vector &dx, double) {
        if (++evaluations > limit) throw std::runtime_error("too many evaluations");
        Problem::f(&x.data()[0], &dx.data()[0]);
    };
    const auto jac = [](const vector &x, matrix &j, double, vector &dfdt) {
        j.clear();
        dfdt.clear();
        Problem::jac(&x.data()[0], [&](int i, int k, double v) { j(i, k) = v; });
    };
    vector x(Problem::n);
    for (double tol : settings.tolerances)
        if (!measure<Problem>("rosenbrock4", tol, [&](double *end) {
            std::copy(Problem::x0.begin(), Problem::x0.end(), x.begin());
            odeint::integrate_adaptive(odeint::make_controlled<odeint::rosenbrock4<double>>(settings.weight * tol, tol), std::make_pair(f, jac), x,
                                       0.0, Problem::t1, Problem::first * std::pow(tol, 1.0 / 4));
            std::copy(x.begin(), x.end(), end);
            return true;
        })) break;
}

int main(int argc, char **argv) {
    const std::string version = "Boost.odeint " + std::to_string(BOOST_VERSION / 100000) + "." + std::to_string(BOOST_VERSION / 100 % 1000);
    return program(argc, argv, version, [](auto problem) {
        using P = decltype(problem);
        using state = std::array<double, P::n>;
        if constexpr (!P::stiff) {
            pair<P, odeint::runge_kutta_dopri5<state>>("dopri5");
            pair<P, odeint::runge_kutta_fehlberg78<state>>("rkf78");
            pair<P, odeint::runge_kutta_cash_karp54<state>>("cash-karp54");
            extrapolation<P>();
        } else if constexpr (P::n < 100) { // its matrices are dense
            rosenbrock<P>();
        }
    });
}
