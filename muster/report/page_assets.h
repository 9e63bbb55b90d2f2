#pragma once

#include <string_view>

namespace muster::page_assets {

// The files that the page is made of, put into the program when it is built (cmake/Embed.cmake).

extern const std::string_view style_css;  ///< page/style.css
extern const std::string_view charts_js;  ///< page/charts.js
extern const std::string_view
    chart_min_js;  ///< Chart.js 3.9, chartjs.org, under the MIT licence (its first lines)

}  // namespace muster::page_assets
