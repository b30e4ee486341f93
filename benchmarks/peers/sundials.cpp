// SUNDIALS: CVODE's Adams and BDF, ARKODE's explicit and diagonally implicit methods; initialized again from one solution to the next.
#include <arkode/arkode_arkstep.h>
#include <arkode/arkode_erkstep.h>
#include <cvode/cvode.h>
#include <nvector/nvector_serial.h>
#include <sundials/sundials_version.h>
#include <sunlinsol/sunlinsol_band.h>
#include <sunlinsol/sunlinsol_dense.h>
#include <sunmatrix/sunmatrix_band.h>
#include <sunmatrix/sunmatrix_dense.h>
#include <sunnonlinsol/sunnonlinsol_fixedpoint.h>

#include <algorithm>

#include "measure.hpp"

static SUNContext context;

template <class Problem>
int rate(realtype, N_Vector x, N_Vector dx, void *) {
    if (++evaluations > limit) return -1;
    Problem::f(N_VGetArrayPointer(x), N_VGetArrayPointer(dx));
    return 0;
}

template <class Problem>
int jacobian(realtype, N_Vector x, N_Vector, SUNMatrix j, void *, N_Vector, N_Vector, N_Vector) {
    if constexpr (Problem::band < Problem::n)
        Problem::jac(N_VGetArrayPointer(x), [j](int i, int k, double v) { SM_ELEMENT_B(j, i, k) = v; });
    else
        Problem::jac(N_VGetArrayPointer(x), [j](int i, int k, double v) { SM_ELEMENT_D(j, i, k) = v; });
    return 0;
}

// What the solvers share: the state and, where equations are solved, the matrix.
template <class Problem>
struct memory {
    N_Vector x = N_VNew_Serial(Problem::n, context);
    SUNMatrix matrix = nullptr;
    SUNLinearSolver linear = nullptr;
    SUNNonlinearSolver fixed_point = nullptr;
    memory() {
        N_VEnableFusedOps_Serial(x, SUNTRUE);
        start();
        if constexpr (Problem::stiff) {
            if constexpr (Problem::band < Problem::n) {
                matrix = SUNBandMatrix(Problem::n, Problem::band, Problem::band, context);
                linear = SUNLinSol_Band(x, matrix, context);
            } else {
                matrix = SUNDenseMatrix(Problem::n, Problem::n, context);
                linear = SUNLinSol_Dense(x, matrix, context);
            }
        } else {
            fixed_point = SUNNonlinSol_FixedPoint(x, 0, context);
        }
    }
    ~memory() {
        if (fixed_point) SUNNonlinSolFree(fixed_point);
        if (linear) SUNLinSolFree(linear);
        if (matrix) SUNMatDestroy(matrix);
        N_VDestroy(x);
    }
    void start() { std::copy(Problem::x0.begin(), Problem::x0.end(), N_VGetArrayPointer(x)); }
    bool end(double *to) {
        std::copy_n(N_VGetArrayPointer(x), Problem::n, to);
        return true;
    }
};

template <class Problem>
void multistep(const char *method, int family) {
    for (double tol : settings.tolerances) {
        memory<Problem> m;
        void *cv = CVodeCreate(family, context);
        CVodeInit(cv, rate<Problem>, 0, m.x);
        CVodeSStolerances(cv, tol, settings.weight * tol);
        CVodeSetMaxNumSteps(cv, limit);
        CVodeSetErrFile(cv, nullptr);
        if constexpr (Problem::stiff) {
            CVodeSetLinearSolver(cv, m.linear, m.matrix);
            CVodeSetJacFn(cv, jacobian<Problem>);
        } else {
            CVodeSetNonlinearSolver(cv, m.fixed_point);
        }
        const bool more = measure<Problem>(method, tol, [&](double *end) {
            m.start();
            realtype t = 0;
            CVodeReInit(cv, 0, m.x);
            CVodeSetStopTime(cv, Problem::t1);
            return CVode(cv, Problem::t1, m.x, &t, CV_NORMAL) >= 0 && m.end(end);
        });
        CVodeFree(&cv);
        if (!more) break;
    }
}

template <class Problem>
void explicit_pair(const char *method, ARKODE_ERKTableID table) {
    for (double tol : settings.tolerances) {
        memory<Problem> m;
        void *erk = ERKStepCreate(rate<Problem>, 0, m.x, context);
        ERKStepSStolerances(erk, tol, settings.weight * tol);
        ERKStepSetTableNum(erk, table);
        ERKStepSetMaxNumSteps(erk, limit);
        ERKStepSetErrFile(erk, nullptr);
        const bool more = measure<Problem>(method, tol, [&](double *end) {
            m.start();
            realtype t = 0;
            ERKStepReInit(erk, rate<Problem>, 0, m.x);
            ERKStepSetStopTime(erk, Problem::t1);
            return ERKStepEvolve(erk, Problem::t1, m.x, &t, ARK_NORMAL) >= 0 && m.end(end);
        });
        ERKStepFree(&erk);
        if (!more) break;
    }
}

template <class Problem>
void implicit_pair(const char *method, ARKODE_DIRKTableID table) {
    for (double tol : settings.tolerances) {
        memory<Problem> m;
        void *ark = ARKStepCreate(nullptr, rate<Problem>, 0, m.x, context);
        ARKStepSStolerances(ark, tol, settings.weight * tol);
        ARKStepSetTableNum(ark, table, ARKODE_ERK_NONE);
        ARKStepSetLinearSolver(ark, m.linear, m.matrix);
        ARKStepSetJacFn(ark, jacobian<Problem>);
        ARKStepSetDeduceImplicitRhs(ark, SUNTRUE);
        ARKStepSetMaxNumSteps(ark, limit);
        ARKStepSetErrFile(ark, nullptr);
        const bool more = measure<Problem>(method, tol, [&](double *end) {
            m.start();
            realtype t = 0;
            ARKStepReInit(ark, nullptr, rate<Problem>, 0, m.x);
            ARKStepSetStopTime(ark, Problem::t1);
            return ARKStepEvolve(ark, Problem::t1, m.x, &t, ARK_NORMAL) >= 0 && m.end(end);
        });
        ARKStepFree(&ark);
        if (!more) break;
    }
}

int main(int argc, char **argv) {
    if (SUNContext_Create(nullptr, &context)) return 1;
    return program(argc, argv, "SUNDIALS " SUNDIALS_VERSION, [](auto problem) {
        using P = decltype(problem);
        if constexpr (!P::stiff) {
            multistep<P>("cvode-adams", CV_ADAMS);
            explicit_pair<P>("erk-dopri5", ARKODE_DORMAND_PRINCE_7_4_5);
            explicit_pair<P>("erk-verner6", ARKODE_VERNER_8_5_6);
            explicit_pair<P>("erk-fehlberg8", ARKODE_FEHLBERG_13_7_8);
        } else {
            multistep<P>("cvode-bdf", CV_BDF);
            implicit_pair<P>("dirk-esdirk4", ARKODE_ESDIRK436L2SA_6_3_4);
            implicit_pair<P>("dirk-esdirk5", ARKODE_ESDIRK547L2SA_7_4_5);
        }
    });
}
