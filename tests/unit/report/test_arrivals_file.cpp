#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/report/arrivals_file.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

const ArrivalLine arrival = {.worker = 3,
                             .shard = 1,
                             .steps = 20,
                             .version = 7,
                             .staleness = 2,
                             .verdict = "stale",
                             .ready = 0.1,
                             .start = 0.30000000000000004,
                             .received = 0.5,
                             .computed = 11.6,
                             .arrived = 12,
                             .loss = 1.25};
const MeasurementLine measured = {209, 800, 40, 0.5, 0.6, 0.75};

TEST(ArrivalsFile, LinesComeBackBitForBit) {
  const test::TemporaryFolder folder;
  const std::string path = folder / "arrivals.jsonl";
  ArrivalLine without = arrival;
  without.loss.reset();
  {
    ArrivalsFile file(path);
    file.write(arrival);
    file.write(measured);
    file.write(without);
    file.flush();
  }
  ArrivalHistory history = read_arrivals(path);
  EXPECT_EQ(history.arrivals, (std::vector<ArrivalLine>{arrival, without}));
  EXPECT_EQ(history.measurements, std::vector<MeasurementLine>{measured});
  const std::string whole = read_file(path);
  std::ofstream(path) << whole.substr(0, whole.size() - 1);
  EXPECT_EQ(read_arrivals(path).arrivals.size(), 1U) << "the last line is not whole";
}

TEST(ArrivalsFile, GoesOnBehindTheLastWholeLine) {
  const test::TemporaryFolder folder;
  const std::string path = folder / "arrivals.jsonl";
  ArrivalsFile::go_on_with(path).write(measured);
  std::ofstream(path, std::ios::app) << "{\"arrival\":[3,1,20";
  ArrivalsFile::go_on_with(path).write(arrival);
  const ArrivalHistory history = read_arrivals(path);
  EXPECT_EQ(history.measurements, std::vector<MeasurementLine>{measured});
  EXPECT_EQ(history.arrivals, std::vector<ArrivalLine>{arrival});
}

TEST(ArrivalsFile, IsAsDocumented) {
  EXPECT_EQ(to_json(arrival), R"({"arrival":[3,1,20,7,2,"stale",0.1,0.30000000000000004,0.5,11.6,12,1.25]})");
  EXPECT_EQ(to_json(measured), R"({"measured":[209,800,40,0.5,0.6,0.75]})");
  MeasurementLine wild = measured;
  wild.train_loss = std::nan("");
  EXPECT_EQ(to_json(wild), R"({"measured":[209,800,40,null,0.6,0.75]})");
}

TEST(ArrivalsFile, OtherLinesAreToldByTheirNumber) {
  const test::TemporaryFolder folder;
  const std::string path = folder / "arrivals.jsonl";
  for (const char* wrong : {"{}", "nothing", R"({"arrival":[1]})", R"({"measured":[1,2,3,4,5,"x"]})"}) {
    std::ofstream(path) << to_json(measured) << '\n' << wrong << '\n';
    try {
      read_arrivals(path);
      ADD_FAILURE() << wrong;
    } catch (const DataError& error) {
      EXPECT_NE(std::string(error.what()).find("line 2"), std::string::npos) << error.what();
    }
  }
  EXPECT_THROW(read_arrivals(folder / "missing"), FileError);
  EXPECT_THROW(ArrivalsFile(folder / "no/where"), FileError);
}

TEST(ArrivalsFile, DamagedLinesAreLeftOutAndTold) {
  const test::TemporaryFolder folder;
  const std::string path = folder / "arrivals.jsonl", one = to_json(arrival) + "\n";
  for (const std::string damage : {"garbage\n", "null\n", "{\"arrival\":[1,2]}\n", "\n"}) {
    const std::string content = one + damage + one;
    std::ofstream(path) << content;
    const ArrivalsFile file = ArrivalsFile::go_on_with(path);
    EXPECT_NE(file.note().find("not arrivals"), std::string::npos);
    EXPECT_EQ(read_arrivals(path).arrivals, (std::vector{arrival, arrival}));
    EXPECT_EQ(read_file(path + ".set-aside"), content);
  }
  std::ofstream(path) << one << "{\"arr";
  EXPECT_EQ(ArrivalsFile::go_on_with(path).note(), "");
  EXPECT_EQ(read_file(path), one);
}

}  // namespace
}  // namespace muster
