#pragma once

#include <string_view>

namespace muster::inline report::page_assets {

// The files of the page, embedded in the program by cmake/Embed.cmake.

extern const std::string_view style_css;  ///< page/style.css
extern const std::string_view charts_js;  ///< page/charts.js
extern const std::string_view
    chart_min_js;  ///< Chart.js 3.9, chartjs.org, under the MIT licence (its first lines)

}  // namespace muster::inline report::page_assets
