// The page of muster report in a real browser, without a network: no script errors, every chart drawn,
// nothing wider than the window.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>

#include "muster/base/file.h"
#include "tests/support/child_process.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

using test::Ended;
using test::TemporaryFolder;
using ::testing::HasSubstr;
using Words = std::vector<std::string>;

std::string browser() {
  for (const char* path : {"/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"})
    if (::access(path, X_OK) == 0) return path;
  return {};
}

/// A page that shows another one in a frame of some width and then notes what that one says of itself.
std::string framed(const std::string& page, int width) {
  return R"(<!DOCTYPE html><body style="margin:0"><iframe style="border:0;height:800px;width:)" +
         std::to_string(width) + R"(px" src="file://)" + page + R"("></iframe><script>
document.querySelector('iframe').addEventListener('load', (event) => {
  const root = event.target.contentDocument.documentElement;
  const canvases = [...root.querySelectorAll('canvas')];
  document.body.dataset.seen = JSON.stringify({ ...root.dataset, width: root.clientWidth, scroll: root.scrollWidth,
    canvases: canvases.length, least: Math.min(...canvases.map((canvas) => Number(canvas.dataset.ink))),
    keys: root.querySelectorAll('.key svg').length });
});
</script></body>)";
}

class ReportPage : public ::testing::Test {
 protected:
  void SetUp() override {
    if (browser().empty()) GTEST_SKIP() << "chromium is not installed";
  }

  /// What a page says of itself in a window of some width.
  nlohmann::json seen(const std::string& page, int width, bool dark) const {
    std::ofstream(folder_ / "frame.html") << framed(page, width);
    const Ended ended =
        test::run({browser(), "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                   "--allow-file-access-from-files", "--user-data-dir=" + (folder_ / "browser"),
                   std::string("--blink-settings=preferredColorScheme=") + (dark ? "0" : "1"),
                   "--host-resolver-rules=MAP * ~NOTFOUND", "--window-size=1400,900",
                   "--virtual-time-budget=8000", "--dump-dom", "file://" + (folder_ / "frame.html")});
    std::smatch found;
    const std::regex note("data-seen=\"([^\"]*)\"");
    if (!std::regex_search(ended.out, found, note)) return {};
    return nlohmann::json::parse(std::regex_replace(found[1].str(), std::regex("&quot;"), "\""));
  }

  void expect_whole(const std::string& page, int charts) const {
    for (const int width : {390, 1280})
      for (const bool dark : {false, true}) {
        const auto told = seen(page, width, dark);
        ASSERT_FALSE(told.is_null()) << "the browser showed nothing";
        EXPECT_FALSE(told.contains("errors")) << told;
        EXPECT_EQ(told["width"], width);
        EXPECT_EQ(told["canvases"], charts) << told;
        EXPECT_EQ(told["drawn"], std::to_string(charts)) << told;
        EXPECT_GT(told["least"], 20) << told;
        EXPECT_EQ(told["scroll"], width) << "something is wider than the window";
        EXPECT_GT(told["keys"], 0);
      }
    EXPECT_LT(std::filesystem::file_size(page), 1'500'000u);
  }

  Words train(const std::string& out, const Words& more) const {
    Words words = {MUSTER_PROGRAM, "train",       "--model",   "mlp",  "--task.samples",     "512",
                   "--task.batch", "8",           "--workers", "2",    "--threads",          "2",
                   "--hidden",     "16",          "--epochs",  "3",    "--test_samples",     "200",
                   "--out",        folder_ / out, "--peak",    "0.01", "--evaluation.every", "16"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  const TemporaryFolder folder_;
};

TEST_F(ReportPage, OfAComparisonIsDrawnAtBothWidthsInLightAndDark) {
  std::ofstream(folder_ / "arms.toml") << R"(
[run]
epochs = 3
workers = 2
[task]
model = "mlp"
samples = 512
test_samples = 200
batch = 8
hidden = [16]
[[arm]]
name = "every_step"
rule = "every_step"
[[arm]]
name = "an-arm-with-a-very-long-name-indeed"
rule = "constant"
[[arm]]
name = "adaptive"
rule = "adaptive"
)";
  const Ended made = test::run({MUSTER_PROGRAM, "compare", folder_ / "arms.toml", "--seeds", "2", "--out",
                                folder_ / "out", "--network", "1Gbit"});
  ASSERT_EQ(made.code, 0) << made.err;
  expect_whole(folder_ / "out/report.html", 11);
}

TEST_F(ReportPage, OfARunAndOfOneThatNeverEnded) {
  ASSERT_EQ(test::run(train("one", {"--rule", "constant"})).code, 0);
  ASSERT_EQ(test::run(train("two", {"--rule", "every_step"})).code, 0);
  std::filesystem::remove(folder_ / "two/summary.json");
  const std::string page = folder_ / "both.html";
  const Ended made = test::run({MUSTER_PROGRAM, "report", folder_ / "one", folder_ / "two", "--out", page});
  ASSERT_EQ(made.code, 0) << made.err;
  EXPECT_THAT(made.out, HasSubstr("One run has not finished"));
  const auto told = seen(page, 390, false);
  EXPECT_EQ(told["drawn"], "10") << told;
  EXPECT_FALSE(told.contains("errors")) << told;
  EXPECT_EQ(told["scroll"], 390);
}

// Of a plan, the studies, and asynchronous runs.
TEST_F(ReportPage, OfEveryOtherKindFitsANarrowWindow) {
  const std::string config = std::string(MUSTER_SOURCE) + "/configs/qsr_vit_b_4096_period4.toml";
  const std::vector<Words> commands = {
      {"plan", config, "--step-time", "0.75s", "--parameters", "86381800", "--network", "25Gbit", "--price",
       "2"},
      {"study", "teacher", "--steps", "60", "--seeds", "2"},
      {"study", "convex", "--workers", "1,4", "--steps", "100"},
      {"study", "slow-sde", "--problem", "hyperbola", "--replicas", "8", "--steps", "200"},
      {"simulate", "--task.name", "clusters", "--task.hidden", "8", "--run.steps", "200"},
  };
  for (const Words& command : commands) {
    const std::string out = folder_ / command[command[0] == "study" ? 1 : 0];
    Words words = {MUSTER_PROGRAM};
    words.insert(words.end(), command.begin(), command.end());
    words.insert(words.end(), {command[0] == "simulate" ? "--run.out" : "--out", out});
    const Ended made = test::run(words);
    ASSERT_EQ(made.code, 0) << made.err;
    if (command[0] == "simulate") {
      ASSERT_EQ(test::run({MUSTER_PROGRAM, "report", out}).code, 0);
    }
    const auto told = seen(out + "/report.html", 390, false);
    ASSERT_FALSE(told.is_null()) << command[0];
    EXPECT_FALSE(told.contains("errors")) << command[0] << told;
    EXPECT_EQ(told["scroll"], 390) << command[0] << ": something is wider than the window";
  }
}

// The checks above can fail: a page whose data are broken says so.
TEST_F(ReportPage, WithBrokenDataTellsItsErrors) {
  ASSERT_EQ(test::run(train("run", {})).code, 0);
  ASSERT_EQ(test::run({MUSTER_PROGRAM, "report", folder_ / "run"}).code, 0);
  std::string page = read_file(folder_ / "run/report.html");
  page.replace(page.find("{\"quality\""), 2, "[[");
  std::ofstream(folder_ / "broken.html") << page;
  const auto told = seen(folder_ / "broken.html", 390, false);
  ASSERT_FALSE(told.is_null());
  EXPECT_TRUE(told.contains("errors"));
  EXPECT_FALSE(told.contains("drawn"));
}

TEST(Report, MistakesAreNamed) {
  const TemporaryFolder folder;
  const auto expect_error = [&](const Words& more, const char* says) {
    Words words = {MUSTER_PROGRAM, "report"};
    words.insert(words.end(), more.begin(), more.end());
    const Ended ended = test::run(words, {.folder = folder.path()});
    EXPECT_EQ(ended.code, 2);
    EXPECT_THAT(ended.err, HasSubstr(says));
  };
  expect_error({}, "name the folder of a run");
  expect_error({"nowhere"}, "RUN_DIR = nowhere: there is no such folder");
  expect_error({folder.path()}, "holds no run");
  expect_error({folder.path(), "--run.steps", "5"}, "has no use in a report");
  std::filesystem::create_directory(folder / "run");
  std::ofstream(folder / "run/summary.json") << "{";
  expect_error({"run"}, "run/summary.json' is no summary of a run");
}

}  // namespace
}  // namespace muster
