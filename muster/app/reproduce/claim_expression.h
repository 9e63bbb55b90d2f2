#pragma once

#include <string>
#include <vector>

namespace muster::inline app {

/// A figure that was found. NaN: the JSON says null.
struct FigureValue {
  std::string name;
  std::vector<double> values;  ///< one, or one for each element
  bool list = false;
};

/// The value of an expression of figures, as muParser reads it (+ - * / ^, comparisons, && ||, a ? b : c,
/// min, max, abs, sqrt, ln, exp), and of lists mean(x), se(x) (standard error of the mean), sd(x), least(x),
/// most(x), sum(x), count(x); known(x) is 0 where a figure is null. A condition is 1 or 0. Throws DataError:
/// what cannot be read, an unknown name, a list used as a number.
double evaluate(const std::string& expression, const std::vector<FigureValue>& figures);

/// The same for each element of the lists in it, which must be equally long; numbers stay as they are.
std::vector<double> evaluate_each(const std::string& expression, const std::vector<FigureValue>& figures);

}  // namespace muster::inline app
