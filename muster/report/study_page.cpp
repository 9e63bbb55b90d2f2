#include "muster/report/study_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "muster/base/error.h"
#include "muster/report/html_text.h"
#include "muster/report/page_assets.h"
#include "muster/report/page_parts.h"

namespace muster::inline report {

namespace {

using Json = nlohmann::ordered_json;

constexpr size_t most_points = 800;

// Seven digits are more than a chart can show.
Json number(double value) {
  if (!std::isfinite(value)) return nullptr;
  return Json::parse(fmt::format("{:.7g}", value));
}

Json column(const std::vector<double>& values) {
  Json numbers = Json::array();
  const size_t every = (values.size() + most_points - 1) / most_points;
  for (size_t i = 0; i < values.size(); ++i)
    if (i % every == 0 || i + 1 == values.size()) numbers.push_back(number(values[i]));
  return numbers;
}

Json curve_json(const StudyCurve& curve) {
  invariant(curve.x.size() == curve.y.size(), "a curve needs as many x as y");
  invariant(curve.error.empty() || curve.error.size() == curve.x.size(),
            "a curve needs an error for each point");
  return {{"label", with_superscripts(curve.label)},
          {"x", column(curve.x)},
          {"y", column(curve.y)},
          {"error", column(curve.error)},
          {"dashed", curve.dashed},
          {"points", curve.points}};
}

Json chart_json(const StudyChart& chart) {
  Json json = {{"x", with_superscripts(chart.x_label)},
               {"y", with_superscripts(chart.y_label)},
               {"log_x", chart.log_x},
               {"log_y", chart.log_y},
               {"curves", Json::array()}};
  for (const StudyCurve& curve : chart.curves) json["curves"].push_back(curve_json(curve));
  return json;
}

/// The data that charts.js draws, as JSON: no arms, the charts in the order of the page.
std::string data_json(const StudyPage& page) {
  Json data = {{"quality", "loss"}, {"floor", nullptr}, {"arms", Json::array()}, {"charts", Json::array()}};
  for (const StudySection& section : page.sections)
    for (const StudyChart& chart : section.charts) data["charts"].push_back(chart_json(chart));
  return data.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string cell(const StudyTable& table, size_t column, const std::string& text) {
  return labelled_cell(column < table.header.size() ? table.header[column] : "", told_html(text));
}

std::string table_of(const StudyTable& table) {
  std::string html = fmt::format("<table class=\"results{}\"><thead><tr>", table.wraps ? " wraps" : "");
  for (const std::string& heading : table.header)
    html += fmt::format("<th scope=\"col\">{}</th>", html_escaped(heading));
  html += "</tr></thead><tbody>\n";
  for (const auto& row : table.rows) {
    html += "<tr>";
    for (size_t i = 0; i < row.size(); ++i)
      html += i == 0 ? fmt::format("<th scope=\"row\">{}</th>", told_html(row[i])) : cell(table, i, row[i]);
    html += "</tr>\n";
  }
  return html + "</tbody></table>";
}

std::string paragraphs(const std::string& text) {
  std::string html;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find("\n\n", begin), text.size());
    html += fmt::format("<p class=\"told\">{}</p>\n",
                        told_html(std::string_view(text).substr(begin, end - begin)));
    begin = end + 2;
  }
  return html;
}

std::string section_html(const StudySection& section, size_t& next_chart) {
  std::string html =
      fmt::format("<section><h2>{}</h2>\n{}", told_html(section.heading), paragraphs(section.text));
  if (!section.charts.empty()) {
    html += "<div class=\"grid\">\n";
    for (const StudyChart& one : section.charts)
      html += chart(fmt::format("study/{}", next_chart++), told_html(one.title), told_html(one.hint));
    html += "</div>\n";
  }
  for (const StudyTable& table : section.tables) {
    if (!table.title.empty()) html += fmt::format("<h3 class=\"titled\">{}</h3>\n", told_html(table.title));
    html += boxed(table.title.empty() ? section.heading : table.title, table_of(table));
    if (!table.note.empty()) html += fmt::format("<p class=\"note\">{}</p>\n", told_html(table.note));
  }
  return html + "</section>\n";
}

}  // namespace

std::string study_page(const StudyPage& page) {
  std::string html = page_head(with_superscripts(page.title)) + "<body>\n<main>\n<header>\n";
  html += fmt::format("<p class=\"eyebrow\">{}</p>\n<h1>{}</h1>\n", html_escaped(page.written_by),
                      told_html(page.title));
  if (!page.lead.empty()) html += fmt::format("<p class=\"lead\">{}</p>\n", told_html(page.lead));
  html += "</header>\n";
  size_t next_chart = 0;
  for (const StudySection& section : page.sections) html += section_html(section, next_chart);
  html += fmt::format("<section><h2>Do it again</h2>\n<pre tabindex=\"0\"><code>{}</code></pre></section>\n",
                      html_escaped(page.command));
  html += fmt::format("<footer><p>Written by {}.</p></footer>\n</main>\n", html_escaped(page.written_by));
  html += fmt::format(
      "<script type=\"application/json\" "
      "id=\"data\">{}</script>\n<script>\n{}\n</script>\n<script>\n{}</script>\n",
      script_escaped(data_json(page)), page_assets::chart_min_js, page_assets::charts_js);
  return html + "</body>\n</html>\n";
}

}  // namespace muster::inline report
