// GSL's odeiv2, its driver reset from one solution to the next.
#include <gsl/gsl_errno.h>
#include <gsl/gsl_odeiv2.h>
#include <gsl/gsl_version.h>

#include <algorithm>

#include "measure.hpp"

template <class Problem>
int rate(double, const double *x, double *dx, void *) {
    if (++evaluations > limit) return GSL_EBADFUNC;
    Problem::f(x, dx);
    return GSL_SUCCESS;
}

template <class Problem>
int jacobian(double, const double *x, double *j, double *dfdt, void *) {
    constexpr int n = Problem::n;
    if constexpr (Problem::stiff) {
        std::fill_n(j, n * n, 0.0);
        std::fill_n(dfdt, n, 0.0);
        Problem::jac(x, [j](int i, int k, double v) { j[i * n + k] = v; });
    }
    return GSL_SUCCESS;
}

template <class Problem>
void solve(const char *method, const gsl_odeiv2_step_type *type) {
    gsl_odeiv2_system system = {rate<Problem>, jacobian<Problem>, Problem::n, nullptr};
    for (double tol : settings.tolerances) {
        const double first = Problem::first * std::pow(tol, 1.0 / 6);
        gsl_odeiv2_driver *d = gsl_odeiv2_driver_alloc_y_new(&system, type, first, settings.weight * tol, tol);
        const bool more = measure<Problem>(method, tol, [&](double *end) {
            gsl_odeiv2_driver_reset_hstart(d, first);
            std::copy(Problem::x0.begin(), Problem::x0.end(), end);
            double t = 0;
            return gsl_odeiv2_driver_apply(d, &t, Problem::t1, end) == GSL_SUCCESS;
        });
        gsl_odeiv2_driver_free(d);
        if (!more) break;
    }
}

int main(int argc, char **argv) {
    gsl_set_error_handler_off();
    return program(argc, argv, std::string("GSL ") + gsl_version, [](auto problem) {
        using P = decltype(problem);
        if constexpr (!P::stiff) {
            solve<P>("rkf45", gsl_odeiv2_step_rkf45);
            solve<P>("rk8pd", gsl_odeiv2_step_rk8pd);
            solve<P>("msadams", gsl_odeiv2_step_msadams);
        } else if constexpr (P::n < 100) { // its matrices are dense
            solve<P>("msbdf", gsl_odeiv2_step_msbdf);
            solve<P>("bsimp", gsl_odeiv2_step_bsimp);
        }
    });
}
