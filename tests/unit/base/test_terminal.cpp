#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <unistd.h>

#include <cstdlib>

#include "muster/base/terminal.h"

namespace muster {
namespace {

/// Both ends of a terminal of its own.
class PseudoTerminal {
 public:
  explicit PseudoTerminal(unsigned short columns) {
    winsize size{};
    size.ws_col = columns;
    if (::openpty(&master_, &slave_, nullptr, nullptr, &size) != 0) master_ = slave_ = -1;
  }
  ~PseudoTerminal() {
    ::close(master_);
    ::close(slave_);
  }
  int number() const { return slave_; }

 private:
  int master_ = -1, slave_ = -1;
};

TEST(Terminal, TellsItsWidthAndWhetherALineCanBeOverwritten) {
  const PseudoTerminal narrow(40), untold(0);
  EXPECT_EQ(terminal_width(narrow.number()), 40);
  EXPECT_EQ(terminal_width(untold.number()), 80);
  ::setenv("TERM", "xterm", 1);
  ::unsetenv("NO_COLOR");
  EXPECT_TRUE(is_live_terminal(narrow.number()));
  EXPECT_TRUE(is_colour_wanted(narrow.number()));
  ::setenv("NO_COLOR", "1", 1);
  EXPECT_TRUE(is_live_terminal(narrow.number()));
  EXPECT_FALSE(is_colour_wanted(narrow.number()));
  ::unsetenv("NO_COLOR");
  for (const char* plain : {"dumb", ""}) {
    ::setenv("TERM", plain, 1);
    EXPECT_FALSE(is_live_terminal(narrow.number()));
    EXPECT_FALSE(is_colour_wanted(narrow.number()));
  }
}

TEST(Terminal, AFileIsNone) {
  const int file = ::open("/dev/null", O_WRONLY);
  EXPECT_EQ(terminal_width(file), 0);
  EXPECT_FALSE(is_live_terminal(file));
  EXPECT_FALSE(is_colour_wanted(file));
  ::close(file);
}

}  // namespace
}  // namespace muster
