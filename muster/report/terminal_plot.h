#pragma once

#include <string>
#include <vector>

namespace muster::inline report {

struct PlotPoint {
  double x = 0;
  double y = 0;
};

struct PlotOptions {
  int width = 76;         ///< columns of the whole picture, labels included; at least 24
  int height = 16;        ///< lines of the whole picture, axes and labels included; at least 6
  bool log_y = false;     ///< points with y < 1e-290 are then left out
  bool stairs = false;    ///< a value holds up to the next x (else straight lines join the points)
  bool ascii = false;     ///< plain ASCII instead of braille dots (2 x 4 to a character) and lines
  std::string x_label{};  ///< below the x axis
  std::string y_label{};  ///< above the y axis
};

/// A curve drawn with characters. Points in rising order of x; those that are not finite, or beyond 1e290,
/// are left out. The range of y is widened to the nearest round values, which carry the labels. Every line
/// ends with a line feed. Without any point a message takes its place.
std::string terminal_plot(const std::vector<PlotPoint>& points, const PlotOptions& options);

}  // namespace muster::inline report
