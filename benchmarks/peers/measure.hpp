// How a solution is timed and reported: what ../workprecision does for ours.
#pragma once

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <string>
#include <vector>

#include "problems.hpp"

struct options {
    double seconds = 0.02;       // how long one point is measured
    std::vector<double> tolerances; // relative tolerances
    double weight = 1;           // atol/rtol
};

inline options settings;

constexpr double patience = 0.2; // seconds

// Solves again and again and prints one line: method, rtol, atol, microseconds, evaluations, end state. solve(x) stores the
// end state in x and returns whether it got there. The time is the best mean over batches of a millisecond or more. Returns
// false when it took too long for tighter tolerances to be tried.
template <class Problem, class Solve>
bool measure(const char *method, double rtol, Solve &&solve) {
    using clock = std::chrono::steady_clock;
    const auto since = [](clock::time_point begin) { return std::chrono::duration<double>(clock::now() - begin).count(); };
    std::vector<double> x(Problem::n);
    evaluations = 0;
    auto begin = clock::now();
    try {
        if (!solve(x.data())) return since(begin) < patience;
    } catch (const std::exception &) {
        return since(begin) < patience;
    }
    double best = since(begin);
    const long calls = evaluations;
    for (double v : x)
        if (!std::isfinite(v)) return true;
    const long batch = std::max(1L, std::lround(std::ceil(1e-3 / best)));
    const auto start = clock::now();
    do {
        begin = clock::now();
        for (long i = 0; i < batch; i++) {
            evaluations = 0;
            solve(x.data());
        }
        best = std::min(best, since(begin) / batch);
    } while (since(start) < settings.seconds);
    std::printf("%s %s %.17g %.17g %.17g %ld", Problem::name, method, rtol, settings.weight * rtol, best * 1e6, calls);
    for (double v : x) std::printf(" %.17g", v);
    std::printf("\n");
    return best < patience;
}

// Reads "--seconds S --weight W --tolerances A,B,… PROBLEM" and calls run(Problem{}); "--version" prints the tool's.
template <class Run>
int program(int argc, char **argv, const std::string &version, Run run) {
    for (int i = 1; i < argc; i++) {
        const std::string arg = argv[i];
        if (arg == "--version") {
            std::printf("%s\n", version.c_str());
        } else if (arg == "--seconds" && i + 1 < argc) {
            settings.seconds = std::atof(argv[++i]);
        } else if (arg == "--weight" && i + 1 < argc) {
            settings.weight = std::atof(argv[++i]);
        } else if (arg == "--tolerances" && i + 1 < argc) {
            settings.tolerances.clear();
            for (char *p = std::strtok(argv[++i], ","); p; p = std::strtok(nullptr, ",")) settings.tolerances.push_back(std::atof(p));
        } else if (!with_problem(argv[i], run)) {
            std::fprintf(stderr, "no such problem: %s\n", argv[i]);
            return 2;
        }
    }
    return 0;
}
