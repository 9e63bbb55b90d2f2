#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "swallowed.h"

namespace muster::swallowed {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Swallowed, NoErrorVanishesInThisProject) {
  const Findings findings = check(MUSTER_SOURCE_DIR);
  EXPECT_GT(findings.files, 300);
  for (const std::string& place : findings.places)
    ADD_FAILURE() << place << "; handle it, or say in a comment there why it may be dropped";
}

struct Case {
  const char* name;
  const char* source;
};

std::string name_of(const testing::TestParamInfo<Case>& info) { return info.param.name; }

class Dropped : public testing::TestWithParam<Case> {};

TEST_P(Dropped, IsFound) { EXPECT_THAT(find_swallowed(GetParam().source), ElementsAre(HasSubstr("2: "))); }

INSTANTIATE_TEST_SUITE_P(
    Each, Dropped,
    testing::Values(Case{"all", "void f() {\n  try { g(); } catch (...) {}\n}\n"},
                    Case{"named_kind", "try { g();\n} catch (const FileError&) {\n}\n"},
                    Case{"counted_only", "try { g();\n} catch (const FileError& e) {\n  ++failed;\n}\n"},
                    Case{"close", "void f() {\n  ::close(descriptor);\n}\n"},
                    Case{"behind_an_if", "void f() {\n  if (open) ::fsync(descriptor);\n}\n"},
                    Case{"remove", "void f() {\n  std::remove(path.c_str());\n}\n"},
                    Case{"voided", "void f() {\n  (void)write_line(file);\n}\n"},
                    Case{"ignored", "void f() {\n  std::ignore = ::write(1, data, size);\n}\n"},
                    Case{"error_code",
                         "void f() {\n  std::error_code error;\n  fs::remove(path, error);\n}\n"},
                    Case{"stream", "void f() {\n  std::ofstream out(path);\n  out << 1;\n}\n"}),
    name_of);

class Kept : public testing::TestWithParam<Case> {};

TEST_P(Kept, IsLeftAlone) { EXPECT_THAT(find_swallowed(GetParam().source), IsEmpty()); }

INSTANTIATE_TEST_SUITE_P(
    Each, Kept,
    testing::Values(
        Case{"thrown_on", "try { g(); } catch (...) {\n  clean();\n  throw;\n}\n"},
        Case{"told", "try { g(); } catch (const Error& e) {\n  print_log(e.what());\n}\n"},
        Case{"kept", "try { g(); } catch (...) {\n  failure = std::current_exception();\n}\n"},
        Case{"explained", "try { g(); } catch (...) {\n  // The peer is gone; nobody waits for this.\n}\n"},
        Case{"checked", "void f() {\n  if (::close(descriptor) != 0) fail();\n}\n"},
        Case{"used", "void f() {\n  const int code = ::fsync(descriptor);\n  return code;\n}\n"},
        Case{"continued", "void f() {\n  const bool good =\n      ::fsync(descriptor) == 0;\n}\n"},
        Case{"said_why", "void f() {\n  ::close(descriptor);  // only read from\n}\n"},
        Case{"looked_at", "std::error_code error;\nfs::remove(path, error);\nif (error) fail(error);\n"},
        Case{"in_text", "void f() {\n  print(\"; ::close(descriptor);\");\n}\n"},
        Case{"asked", "std::ofstream out(path);\nout << 1;\nif (!out.flush()) fail();\n"}),
    name_of);

}  // namespace
}  // namespace muster::swallowed
