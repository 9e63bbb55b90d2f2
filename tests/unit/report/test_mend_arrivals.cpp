#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "muster/base/file.h"
#include "muster/report/arrivals_file.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

using ::testing::HasSubstr;

TEST(MendArrivals, LeavesOutWhatIsDamagedAndSaysSo) {
  const test::TemporaryFolder folder;
  const std::string path = folder / "arrivals.jsonl";
  EXPECT_EQ(mend_arrivals(path, 10, 5).last_arrived, -1);
  {
    ArrivalsFile file(path);
    for (const double at : {1.0, 2.0, 3.0}) file.write(ArrivalLine{.arrived = at});
    file.write(MeasurementLine{.time = 2.5, .version = 2});
    file.flush();
  }
  const std::string whole = read_file(path);
  std::ofstream(path, std::ios::app) << "{\"arri";
  EXPECT_EQ(mend_arrivals(path, 10, 5).note, "") << "cut off in writing";
  EXPECT_EQ(mend_arrivals(path, 10, 5).last_arrived, 3);
  write_file_atomically(path, whole + "rubbish\n\n{\"arrival\":[1]}\n" + to_json(ArrivalLine{.arrived = 11}) +
                                  "\n" + to_json(MeasurementLine{.version = 6}) + "\n");
  EXPECT_THROW(read_arrivals(path), std::exception);
  const MendedArrivals mended = mend_arrivals(path, 10, 5);
  EXPECT_EQ(mended.last_arrived, 3);
  EXPECT_THAT(mended.note,
              ::testing::AllOf(HasSubstr("3 damaged"), HasSubstr("2 about"), HasSubstr("set-aside")));
  EXPECT_EQ(read_file(path), whole);
  EXPECT_EQ(mend_arrivals(path, 10, 5).note, "");
}

}  // namespace
}  // namespace muster
