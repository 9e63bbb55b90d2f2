#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "muster/base/error.h"
#include "muster/report/page_parts.h"
#include "muster/report/study_page.h"

namespace muster {
namespace {

using testing::HasSubstr;
using testing::Not;

StudyPage small_page() {
  StudyChart chart{.title = "D over <time>",
                   .hint = "means & errors",
                   .x_label = "steps",
                   .y_label = "D",
                   .log_x = true,
                   .log_y = false,
                   .curves = {}};
  chart.curves.push_back({.label = "simulated </script>",
                          .x = {1, 2, 3},
                          .y = {0.5, std::numeric_limits<double>::quiet_NaN(), 1e-300},
                          .error = {0.1, 0.1, 0.1},
                          .dashed = false,
                          .points = true});
  chart.curves.push_back({.label = "theory", .x = {1, 3}, .y = {1, 2}, .error = {}, .dashed = true});
  return {.title = "SGD < Local SGD",
          .lead = "256 replicas",
          .command = "muster study slow-sde --x 'a<b'",
          .sections = {{.heading = "First & last",
                        .text = "One.\n\nTwo <b>.",
                        .tables = {{.title = "Table \"1\"",
                                    .header = {"H", "D"},
                                    .rows = {{"1", "2 ± 0.1"}, {"<5>", "3"}},
                                    .note = "Note & more."}},
                        .charts = {chart}},
                       {.heading = "Second", .text = "", .tables = {}, .charts = {chart}}}};
}

nlohmann::json data_of(const std::string& page) {
  const std::string mark = "id=\"data\">";
  const size_t begin = page.find(mark) + mark.size();
  return nlohmann::json::parse(page.substr(begin, page.find("</script>", begin) - begin));
}

TEST(StudyPage, HoldsTextsAndTablesEscaped) {
  const std::string page = study_page(small_page());
  EXPECT_THAT(page, HasSubstr("<h1>SGD &lt; Local SGD</h1>"));
  EXPECT_THAT(page, HasSubstr("<p class=\"told\">One.</p>\n<p class=\"told\">Two &lt;b&gt;.</p>"));
  EXPECT_THAT(page, HasSubstr("<th scope=\"row\">&lt;5&gt;</th><td data-label=\"D\">3</td>"));
  EXPECT_THAT(page, HasSubstr(">2&nbsp;±&nbsp;0.1</td>"));
  EXPECT_THAT(page, HasSubstr("Note &amp; more."));
  EXPECT_THAT(page, HasSubstr("--x &#39;a&lt;b&#39;"));
  EXPECT_THAT(page, HasSubstr("<h3>D over &lt;time&gt;</h3>"));
  EXPECT_THAT(page, Not(HasSubstr("simulated </script>")));
}

TEST(StudyPage, NumbersItsChartsOverAllSections) {
  const std::string page = study_page(small_page());
  EXPECT_THAT(page, HasSubstr("data-chart=\"study/0\""));
  EXPECT_THAT(page, HasSubstr("data-chart=\"study/1\""));
  const auto data = data_of(page);
  ASSERT_EQ(data.at("charts").size(), 2U);
  const auto& curve = data["charts"][1]["curves"][0];
  EXPECT_EQ(curve.at("label"), "simulated </script>");
  EXPECT_TRUE(curve["y"][1].is_null());
  EXPECT_DOUBLE_EQ(curve["y"][2].get<double>(), 1e-300);
  EXPECT_EQ(curve["error"].size(), 3U);
  EXPECT_TRUE(curve["points"].get<bool>());
  EXPECT_TRUE(data["charts"][0]["curves"][1]["dashed"].get<bool>());
  EXPECT_TRUE(data["charts"][0]["log_x"].get<bool>());
}

TEST(StudyPage, ThinsLongCurvesAndKeepsTheirLastPoint) {
  StudyPage page = small_page();
  StudyCurve& curve = page.sections[0].charts[0].curves[0];
  curve = {.label = "long", .x = {}, .y = {}, .error = {}};
  for (int i = 0; i < 100'000; ++i) curve.x.push_back(i), curve.y.push_back(2.0 * i);
  const auto data = data_of(study_page(page));
  const auto& thinned = data["charts"][0]["curves"][0];
  EXPECT_LE(thinned["x"].size(), 801U);
  EXPECT_EQ(thinned["x"].back(), 99'999);
  EXPECT_EQ(thinned["y"].back(), 199'998);
}

TEST(StudyPage, IsTheSameForTheSameValuesAndRefusesBrokenCurves) {
  EXPECT_EQ(study_page(small_page()), study_page(small_page()));
  StudyPage page = small_page();
  page.sections[0].charts[0].curves[1].y.pop_back();
  EXPECT_THROW(study_page(page), Bug);
  page = small_page();
  page.sections[0].charts[0].curves[0].error.pop_back();
  EXPECT_THROW(study_page(page), Bug);
}

TEST(StudyPage, RaisesPowers) {
  EXPECT_EQ(with_superscripts("||x||^2, 10^-12, a^b, 2^"), "||x||², 10⁻¹², a^b, 2^");
  StudyPage page = small_page();
  page.title = "x^2";
  page.sections.front().charts.front().y_label = "E ||x||^2";
  const std::string html = study_page(page);
  EXPECT_THAT(html, HasSubstr("<h1>x²</h1>"));
  EXPECT_EQ(data_of(html)["charts"][0]["y"], "E ||x||²");
}

}  // namespace
}  // namespace muster
