#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <string>

#include "muster/base/terminal.h"
#include "muster/report/progress_line.h"

namespace muster {
namespace {

ProgressView view_at(int64_t step) {
  ProgressView view;
  view.step = step;
  view.total_steps = 9711;
  view.round = 87;
  view.period = 16;
  view.loss = 1.2345;
  view.accuracy = 0.8124;
  return view;
}

TEST(Progress, TellsWhatIsKnown) {
  ProgressView view = view_at(1200);
  view.samples_per_second = 1597.6;
  view.seconds_left = 201;
  EXPECT_EQ(
      format_progress(view),
      "step 1,200/9,711 (12%)  round 87  period 16  loss 1.234  accuracy 81.2%  1,598 samples/s  3:21 left");
  ProgressView bare;
  bare.total_steps = 10;
  EXPECT_EQ(format_progress(bare), "step 0/10 (0%)  round 0");
}

ProgressView full_view() {
  ProgressView view = view_at(1200);
  view.samples_per_second = 1597.6;
  view.seconds_left = 201;
  return view;
}

// Never wider, and never a piece of a word: what there is no room for is left out.
TEST(Progress, FitsTheWidth) {
  EXPECT_EQ(format_progress(full_view(), 39), "[#-----------]  12%  1,598/s  3:21 left");
  EXPECT_EQ(format_progress(full_view(), 79),
            "[#------------]  step 1,200/9,711 (12%)  loss 1.234  1,598 samples/s  3:21 left");
  EXPECT_EQ(format_progress(full_view(), 199),
            "[###-------------------------]  " + format_progress(full_view()));
  EXPECT_EQ(format_progress(full_view(), 20), "12%  3:21 left");
  for (int width = 26; width <= 250; ++width) {
    const std::string line = format_progress(full_view(), width);
    EXPECT_LE(line.size(), static_cast<size_t>(width));
    EXPECT_NE(line.find("3:21 left"), std::string::npos) << width << ": " << line;
    EXPECT_NE(line.find("12%"), std::string::npos) << width << ": " << line;
    EXPECT_EQ(line[0], '[') << width << ": " << line;
  }
  EXPECT_LE(format_progress(full_view(), 5).size(), 5U);
}

TEST(Progress, TheBarIsEmptyAtFirstAndFullAtLast) {
  ProgressView view;
  view.total_steps = 10;
  EXPECT_EQ(format_progress(view, 40), "[----------------------------]  0%");
  view.step = 10;
  EXPECT_EQ(format_progress(view, 40), "[############################]  100%");
  view.total_steps = 0;
  EXPECT_EQ(format_progress(view, 40).find('['), std::string::npos) << "no share of nothing";
}

TEST(Progress, ColoursTheBarOnlyWhereItIsAsked) {
  for (const bool colour : {false, true}) {
    std::ostringstream out;
    ProgressLine line(out, {.terminal = true, .width = 80, .every_seconds = 0.2, .colour = colour});
    line.show(view_at(5000), 0);
    EXPECT_EQ(out.str().find("\x1b[32m") != std::string::npos, colour) << out.str();
  }
  std::ostringstream file;
  ProgressLine line(file, {.terminal = false, .every_seconds = 0.2, .colour = true});
  line.show(view_at(5000), 0);
  EXPECT_EQ(file.str().find('\x1b'), std::string::npos);
}

TEST(Progress, AFileIsNoLiveTerminal) {
  EXPECT_FALSE(progress_options(-1).terminal);
  EXPECT_FALSE(progress_options(-1).colour);
  EXPECT_EQ(progress_options(-1).every_seconds, 5);
}

TEST(Progress, ReadsItsLineBack) {
  const auto view = parse_progress(format_progress(full_view()));
  ASSERT_TRUE(view);
  EXPECT_EQ(view->step, 1200);
  EXPECT_EQ(view->total_steps, 9711);
  EXPECT_EQ(view->round, 87);
  EXPECT_EQ(view->period, 16);
  EXPECT_DOUBLE_EQ(*view->loss, 1.234);
  EXPECT_NEAR(*view->accuracy, 0.812, 1e-12);
  for (const char* other : {"", "step", "resnet8 on generated: 5/6", "a step 1/2"})
    EXPECT_FALSE(parse_progress(other)) << other;
}

TEST(Progress, ALabelTakesItsRoom) {
  for (const int width : {10, 40, 80}) {
    std::ostringstream out;
    ProgressLine line(out,
                      {.terminal = true, .width = width, .every_seconds = 0.2, .label = "[1/4] constant"});
    line.show(full_view(), 0);
    const std::string text = out.str().substr(1, out.str().find('\x1b') - 1);
    EXPECT_LT(text.size(), static_cast<size_t>(width)) << text;
    EXPECT_EQ(text.substr(0, 9), "[1/4] con");
  }
}

TEST(Progress, PrintsNoOftenerThanAsked) {
  std::ostringstream out;
  ProgressLine line(out, {.terminal = false, .every_seconds = 10});
  for (int second = 0; second <= 35; ++second) line.show(view_at(second), 100.0 + second);
  const std::string text = out.str();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 4);  // at 0, 10, 20, 30
  EXPECT_FALSE(line.due(139.0));
  EXPECT_TRUE(line.due(140.0));
  line.show(view_at(36), 136.0, true);
  EXPECT_NE(out.str().find("step 36/"), std::string::npos);
}

TEST(Progress, MeasuresSpeedAndTimeLeft) {
  std::ostringstream out;
  ProgressLine line(out, {.terminal = false, .every_seconds = 1, .samples_per_step = 128});
  for (int second = 0; second <= 50; ++second) line.show(view_at(20 * second), second);
  const std::string text = out.str();
  const std::string last = text.substr(text.rfind("step "));
  EXPECT_NE(last.find("2,560 samples/s"), std::string::npos) << last;
  EXPECT_NE(last.find("7:16 left"), std::string::npos) << last;  // (9711 - 1000) / 20 = 435.55
  EXPECT_EQ(text.substr(0, text.find('\n')).find("left"), std::string::npos);
}

TEST(Progress, SpeedFollowsSlowly) {
  std::ostringstream out;
  ProgressLine line(out, {.terminal = false, .every_seconds = 1, .samples_per_step = 1});
  line.show(view_at(0), 0);
  line.show(view_at(100), 1);
  line.show(view_at(100), 2);  // a second of standstill: 100 e^(-1/10)
  EXPECT_NE(out.str().find(" 90 samples/s"), std::string::npos) << out.str();
}

TEST(Progress, ATerminalLineIsOverwrittenAndEnded) {
  std::ostringstream out;
  ProgressLine line(out, {.terminal = true, .width = 80, .every_seconds = 0.2});
  line.show(view_at(1), 0);
  line.show(view_at(2), 0.1);
  line.show(view_at(3), 0.3);
  const std::string text = out.str(), first = "\r" + format_progress(view_at(1), 79) + "\x1b[K\r";
  EXPECT_EQ(text.substr(0, first.size()), first);
  EXPECT_NE(text.find("step 3/9,711", first.size()), std::string::npos) << text;
  EXPECT_EQ(text.find("step 2/"), std::string::npos) << text;
  EXPECT_TRUE(text.ends_with("\x1b[K")) << text;
  line.end();
  line.end();
  EXPECT_EQ(out.str(), text + "\n");
}

TEST(Progress, AFileIsNoTerminal) { EXPECT_EQ(terminal_width(-1), 0); }

}  // namespace
}  // namespace muster
