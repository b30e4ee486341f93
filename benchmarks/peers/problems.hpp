// The problems of the comparison, those of ../suite, for solvers in C and C++. A problem has n unknowns, an interval, an initial state, a
// right-hand side, and, where it is stiff, a Jacobian: jac calls set(i, j, v) for the entries ∂f_i/∂x_j that can differ from zero,
// all of them at most `band` off the diagonal. first is about the size of a first step at tolerance 1.
#pragma once

#include <array>
#include <cmath>
#include <string>

// Calls of right-hand sides. A solver that makes too many is stopped.
inline long evaluations = 0;
constexpr long limit = 20'000'000;

struct lotka_volterra {
    static constexpr const char *name = "lotka-volterra";
    static constexpr int n = 2, band = n;
    static constexpr bool stiff = false;
    static constexpr double t1 = 10, first = 0.3;
    static constexpr std::array<double, n> x0{1, 1};
    static void f(const double *__restrict x, double *__restrict dx) {
        dx[0] = 1.5 * x[0] - x[0] * x[1];
        dx[1] = x[0] * x[1] - 3 * x[1];
    }
};

struct lorenz {
    static constexpr const char *name = "lorenz";
    static constexpr int n = 3, band = n;
    static constexpr bool stiff = false;
    static constexpr double t1 = 10, first = 0.1;
    static constexpr std::array<double, n> x0{1, 0, 0};
    static void f(const double *__restrict x, double *__restrict dx) {
        dx[0] = 10 * (x[1] - x[0]);
        dx[1] = x[0] * (28 - x[2]) - x[1];
        dx[2] = x[0] * x[1] - 8.0 / 3 * x[2];
    }
};

struct arenstorf {
    static constexpr const char *name = "arenstorf";
    static constexpr int n = 4, band = n;
    static constexpr bool stiff = false;
    static constexpr double t1 = 17.0652165601579625588917206249, first = 1e-2;
    static constexpr std::array<double, n> x0{0.994, 0, 0, -2.00158510637908252240537862224};
    static void f(const double *__restrict x, double *__restrict dx) {
        constexpr double mu = 0.012277471, nu = 1 - mu;
        const double a = x[0] + mu, b = x[0] - nu, yy = x[1] * x[1];
        double d1 = a * a + yy, d2 = b * b + yy;
        d1 *= std::sqrt(d1);
        d2 *= std::sqrt(d2);
        dx[0] = x[2];
        dx[1] = x[3];
        dx[2] = x[0] + 2 * x[3] - nu * a / d1 - mu * b / d2;
        dx[3] = x[1] - 2 * x[2] - nu * x[1] / d1 - mu * x[1] / d2;
    }
};

struct pleiades {
    static constexpr const char *name = "pleiades";
    static constexpr int n = 28, band = n;
    static constexpr bool stiff = false;
    static constexpr double t1 = 3, first = 0.1;
    static constexpr std::array<double, n> x0{3, 3, -1, -3, 2, -2, 2, 3, -3, 2, 0, 0, -4, 4,
                                              0, 0, 0, 0, 0, 1.75, -1.5, 0, 0, 0, -1.25, 1, 0, 0};
    static void f(const double *__restrict x, double *__restrict dx) {
        constexpr int bodies = 7;
        const double *y = x + bodies;
        double ax[bodies] = {}, ay[bodies] = {};
        for (int i = 0; i < 2 * bodies; i++) dx[i] = x[2 * bodies + i];
        for (int i = 0; i < bodies; i++)
            for (int j = i + 1; j < bodies; j++) {
                const double p = x[j] - x[i], q = y[j] - y[i];
                const double r2 = p * p + q * q, w = 1 / (r2 * std::sqrt(r2));
                ax[i] += (j + 1) * w * p;
                ay[i] += (j + 1) * w * q;
                ax[j] -= (i + 1) * w * p;
                ay[j] -= (i + 1) * w * q;
            }
        for (int i = 0; i < bodies; i++) {
            dx[2 * bodies + i] = ax[i];
            dx[3 * bodies + i] = ay[i];
        }
    }
};

// The Brusselator with diffusion on a line, u and v in turn, by central differences.
template <bool Stiff>
struct brusselator {
    static constexpr int points = 128, n = 2 * points, band = 2;
    static constexpr const char *name = Stiff ? "brusselator-stiff" : "brusselator";
    static constexpr bool stiff = Stiff;
    static constexpr double t1 = 10, first = 1e-2;
    static constexpr double c = (Stiff ? 1.0 / 50 : 1.0 / 5000) * (points + 1) * (points + 1);
    static const std::array<double, n> x0;
    static void f(const double *__restrict x, double *__restrict dx) {
        double ul = 1, vl = 3, u = x[0], v = x[1];
        for (int i = 0; i < points; i++) {
            const bool last = i == points - 1;
            const double ur = last ? 1 : x[2 * i + 2], vr = last ? 3 : x[2 * i + 3];
            const double u2v = u * u * v;
            dx[2 * i] = 1 + u2v - 4 * u + c * (ul - 2 * u + ur);
            dx[2 * i + 1] = 3 * u - u2v + c * (vl - 2 * v + vr);
            ul = u, vl = v, u = ur, v = vr;
        }
    }
    template <class Set>
    static void jac(const double *x, Set set) {
        for (int i = 0; i < points; i++) {
            const int k = 2 * i, l = k + 1;
            const double u = x[k], v = x[l];
            set(k, k, 2 * u * v - 4 - 2 * c);
            set(k, l, u * u);
            set(l, k, 3 - 2 * u * v);
            set(l, l, -u * u - 2 * c);
            if (i > 0) set(k, k - 2, c), set(l, l - 2, c);
            if (i < points - 1) set(k, k + 2, c), set(l, l + 2, c);
        }
    }
};
template <bool Stiff>
const std::array<double, brusselator<Stiff>::n> brusselator<Stiff>::x0 = [] {
    std::array<double, n> x;
    for (int i = 0; i < points; i++) {
        x[2 * i] = 1 + std::sin(2 * M_PI * (i + 1) / (points + 1));
        x[2 * i + 1] = 3;
    }
    return x;
}();

struct hires {
    static constexpr const char *name = "hires";
    static constexpr int n = 8, band = n;
    static constexpr bool stiff = true;
    static constexpr double t1 = 321.8122, first = 1e-2;
    static constexpr std::array<double, n> x0{1, 0, 0, 0, 0, 0, 0, 0.0057};
    static void f(const double *__restrict x, double *__restrict dx) {
        const double bound = 280 * x[5] * x[7];
        dx[0] = -1.71 * x[0] + 0.43 * x[1] + 8.32 * x[2] + 0.0007;
        dx[1] = 1.71 * x[0] - 8.75 * x[1];
        dx[2] = -10.03 * x[2] + 0.43 * x[3] + 0.035 * x[4];
        dx[3] = 8.32 * x[1] + 1.71 * x[2] - 1.12 * x[3];
        dx[4] = -1.745 * x[4] + 0.43 * x[5] + 0.43 * x[6];
        dx[5] = -bound + 0.69 * x[3] + 1.71 * x[4] - 0.43 * x[5] + 0.69 * x[6];
        dx[6] = bound - 1.81 * x[6];
        dx[7] = -dx[6];
    }
    template <class Set>
    static void jac(const double *x, Set set) {
        const double u = 280 * x[7], v = 280 * x[5];
        set(0, 0, -1.71), set(0, 1, 0.43), set(0, 2, 8.32);
        set(1, 0, 1.71), set(1, 1, -8.75);
        set(2, 2, -10.03), set(2, 3, 0.43), set(2, 4, 0.035);
        set(3, 1, 8.32), set(3, 2, 1.71), set(3, 3, -1.12);
        set(4, 4, -1.745), set(4, 5, 0.43), set(4, 6, 0.43);
        set(5, 3, 0.69), set(5, 4, 1.71), set(5, 5, -u - 0.43), set(5, 6, 0.69), set(5, 7, -v);
        set(6, 5, u), set(6, 6, -1.81), set(6, 7, v);
        set(7, 5, -u), set(7, 6, 1.81), set(7, 7, -v);
    }
};

template <bool Long>
struct robertson {
    static constexpr const char *name = Long ? "robertson" : "robertson-40";
    static constexpr int n = 3, band = n;
    static constexpr bool stiff = true;
    static constexpr double t1 = Long ? 1e5 : 40, first = 1e-2;
    static constexpr std::array<double, n> x0{1, 0, 0};
    static void f(const double *__restrict x, double *__restrict dx) {
        const double slow = 0.04 * x[0], fast = 3e7 * x[1] * x[1], back = 1e4 * x[1] * x[2];
        dx[0] = back - slow;
        dx[1] = slow - back - fast;
        dx[2] = fast;
    }
    template <class Set>
    static void jac(const double *x, Set set) {
        const double b = 1e4 * x[2], c = 1e4 * x[1], d = 6e7 * x[1];
        set(0, 0, -0.04), set(0, 1, b), set(0, 2, c);
        set(1, 0, 0.04), set(1, 1, -b - d), set(1, 2, -c);
        set(2, 1, d);
    }
};

struct van_der_pol { // μ = 1000
    static constexpr const char *name = "van-der-pol";
    static constexpr int n = 2, band = n;
    static constexpr bool stiff = true;
    static constexpr double t1 = 2000, first = 1e-2;
    static constexpr std::array<double, n> x0{2, 0};
    static void f(const double *__restrict x, double *__restrict dx) {
        dx[0] = x[1];
        dx[1] = 1000 * (1 - x[0] * x[0]) * x[1] - x[0];
    }
    template <class Set>
    static void jac(const double *x, Set set) {
        set(0, 1, 1);
        set(1, 0, -2000 * x[0] * x[1] - 1), set(1, 1, 1000 * (1 - x[0] * x[0]));
    }
};

struct van_der_pol_fast { // ε = 10⁻⁶
    static constexpr const char *name = "van-der-pol-1e-6";
    static constexpr int n = 2, band = n;
    static constexpr bool stiff = true;
    static constexpr double t1 = 2, first = 1e-5;
    static constexpr std::array<double, n> x0{2, 0};
    static void f(const double *__restrict x, double *__restrict dx) {
        dx[0] = x[1];
        dx[1] = ((1 - x[0] * x[0]) * x[1] - x[0]) / 1e-6;
    }
    template <class Set>
    static void jac(const double *x, Set set) {
        set(0, 1, 1);
        set(1, 0, (-2 * x[0] * x[1] - 1) / 1e-6), set(1, 1, (1 - x[0] * x[0]) / 1e-6);
    }
};

template <class Visit, class... Problems>
bool with_any(const char *name, Visit &visit) {
    const std::string wanted = name;
    return ((wanted == Problems::name && (visit(Problems{}), true)) || ...);
}

// Calls visit(Problem{}) for the problem of that name; returns whether there is one.
template <class Visit>
bool with_problem(const char *name, Visit visit) {
    return with_any<Visit, lotka_volterra, lorenz, arenstorf, pleiades, brusselator<false>, brusselator<true>, hires, robertson<true>, robertson<false>,
                    van_der_pol, van_der_pol_fast>(name, visit);
}
