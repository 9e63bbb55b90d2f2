#pragma once

#include <cstdint>

namespace muster::inline theory {

/// Local SGD meets every H steps of learning rate eta. Between meetings the workers' spread in a direction of
/// curvature a grows from 0 towards its stationary value; these factors are the shares of that value reached
/// on average (Gu, Lyu, Huang, Arora, "Why (and When) does Local SGD Generalize Better than SGD?", ICLR
/// 2023).

/// psi(x) = (e^-x - 1 + x) / x, the mean of 1 - e^(-a tau) over tau in [0, eta H], x = a eta H. psi(0) = 0,
/// x/2 - x^2/6 + ... when small, towards 1 when large. REQUIRES: x >= 0.
double psi(double x);

/// The same for steps of finite size: spread decays by q at every step, psi_d = 1 - (1 - q^H) / (H (1 - q)).
/// 0 for H = 1. q = (1 - eta a)(1 - eta b) for a pair of curvatures. REQUIRES: |q| < 1, period >= 1.
double psi_discrete(double q, int64_t period);

/// F(x) = integral of psi over [0, x]: with label noise Local SGD descends
/// tr Hess + (K - 1) tr F(2 eta H Hess) / (2 eta H). REQUIRES: x >= 0.
double psi_integral(double x);

}  // namespace muster::inline theory
