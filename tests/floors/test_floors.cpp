#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "floors.h"
#include "type_names.h"

namespace fs = std::filesystem;

namespace muster::floors {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// A small house in a temporary folder, removed at the end.
class House {
 public:
  House() {
    std::string folder = (fs::temp_directory_path() / "muster_floors_XXXXXX").string();
    if (mkdtemp(folder.data()) == nullptr) throw std::runtime_error("no temporary folder");
    root_ = folder;
    write("FLOORS",
          "base\nschedule flat report\noptim plan comm/codec\ncomm\nlibtorch*\ntask*\nmethod*\ntrain*\n"
          "app\napp/engine*\ncli cli/engine*\n");
    write("muster/base/error.h", "#include <string>\n");
    write("muster/flat/layout.h", "#include \"muster/base/error.h\"\n");
    write("muster/libtorch/tensors.h", "#include <ATen/core/Tensor.h>\n#include \"muster/flat/layout.h\"\n");
    write("muster/libtorch/store.cpp", "#include <torch/csrc/distributed/c10d/Store.hpp>\n");
    write("muster/task/models/mlp.cpp", "#include <torch/nn/module.h>\n#include \"muster/flat/layout.h\"\n");
    write("muster/comm/codec/codec.h", "#include \"muster/flat/layout.h\"\n");
    write("muster/comm/group.cpp", "#include \"muster/comm/codec/codec.h\"\n");
    write("muster/app/keys/keys.cpp", "#include \"muster/flat/layout.h\"\n");
    write("muster/app/engine/build.cpp",
          "#include \"muster/libtorch/tensors.h\"\n#include \"muster/app/keys/keys.h\"\n");
    write("cli/main.cpp", "#include \"muster/app/keys/keys.h\"\n");
    write("cli/engine.cpp", "#include \"muster/libtorch/tensors.h\"\n");
  }
  ~House() { fs::remove_all(root_); }

  void write(const std::string& file, const std::string& text) {
    fs::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << text;
  }
  const fs::path& root() const { return root_; }

 private:
  fs::path root_;
};

TEST(Floors, HoldInThisProject) {
  const auto findings = check(MUSTER_SOURCE_DIR);
  EXPECT_GT(findings.files, 20);
  for (const auto& line : findings.broken) ADD_FAILURE() << line;
}

TEST(Floors, AHouseInOrderIsAccepted) {
  House house;
  const auto findings = check(house.root());
  EXPECT_EQ(findings.files, 11);
  EXPECT_THAT(findings.broken, IsEmpty());
}

TEST(Floors, AFolderHoldsFewEnoughSources) {
  House house;
  for (int i = 0; i < 45; ++i) house.write("muster/plan/source_" + std::to_string(i) + ".cpp", "");
  EXPECT_THAT(check(house.root()).broken, IsEmpty());
  house.write("muster/plan/one_more.cpp", "");
  EXPECT_THAT(check(house.root()).broken, ElementsAre("muster/plan: 46 sources; at most 45 in a folder"));
}

TEST(Floors, WithoutTheFileNothingCanBeChecked) {
  House house;
  fs::remove(house.root() / "FLOORS");
  EXPECT_THROW(check(house.root()), std::runtime_error);
}

TEST(TypeNames, AreUniqueInThisProject) { EXPECT_THAT(types_defined_twice(MUSTER_SOURCE_DIR), IsEmpty()); }

TEST(TypeNames, TwoOfOneNameInOneNamespaceAreFound) {
  House house;
  house.write("muster/flat/a.h", "namespace muster {\n\nstruct Piece {\n  struct Inner {};\n};\n\n}\n");
  house.write("muster/comm/b.h",
              "namespace muster {\n\nclass Piece final : public Part {\n};\nclass Layout;\n\n}\n");
  house.write("muster/comm/c.h", "namespace muster::comm {\n\nstruct Piece {};\nstruct Inner {};\n\n}\n");
  EXPECT_THAT(types_defined_twice(house.root()),
              ElementsAre("Piece in muster: muster/comm/b.h and muster/flat/a.h"));
}

struct Breach {
  const char* name;
  const char* file;
  const char* text;
  const char* rule;
};

class EveryBreach : public testing::TestWithParam<Breach> {};

TEST_P(EveryBreach, IsFound) {
  House house;
  house.write(GetParam().file, std::string("#pragma once\n") + GetParam().text + "\n");
  EXPECT_THAT(check(house.root()).broken,
              ElementsAre(testing::AllOf(HasSubstr(std::string(GetParam().file) + ":2:"),
                                         HasSubstr(GetParam().rule))));
}

const Breach breaches[] = {
    {"climbs", "muster/base/x.h", "#include \"muster/schedule/qsr.h\"", "base climbs to schedule"},
    {"climbs_in_a_source", "muster/flat/x.cpp", "  #  include <muster/task/task.h>", "flat climbs to task"},
    {"sideways", "muster/schedule/x.h", "#include \"muster/report/table.h\"",
     "schedule goes sideways to report"},
    {"upstairs_to_app", "muster/train/x.cpp", "#include \"muster/app/keys/keys.h\"", "train climbs to app"},
    {"unknown_room", "muster/attic/x.h", "#include \"muster/base/error.h\"",
     "does not name the room 'attic'"},
    {"unknown_target", "muster/flat/x.h", "#include \"muster/attic/a.h\"", "does not name the room 'attic'"},
    {"relative", "muster/flat/x.cpp", "#include \"../base/error.h\"", "from the project's root"},
    {"same_folder", "muster/flat/x.cpp", "#include \"layout.h\"", "from the project's root"},
    {"inner_room_climbs", "muster/comm/codec/x.h", "#include \"muster/comm/group.h\"",
     "comm/codec climbs to comm"},
    {"upstairs_to_the_engine", "muster/app/x.cpp", "#include \"muster/app/engine/build.h\"",
     "app climbs to app/engine"},
    {"torch_in_schedule", "muster/schedule/x.cpp", "#include <ATen/core/Tensor.h>", "must be free of torch"},
    {"torch_in_main", "cli/main.cpp", "#include <c10/util/Exception.h>", "must be free of torch"},
    {"torch_in_app", "muster/app/x.cpp", "#include \"muster/libtorch/tensors.h\"", "must be free of torch"},
    {"modules_in_method", "muster/method/x.cpp", "#include <torch/nn/module.h>", "only task knows"},
    {"heavy_header", "muster/task/x.h", "#include <torch/nn/module.h>", "headers include at most"},
    {"module_header_in_method", "muster/method/x_module.h", "#include <torch/nn/module.h>",
     "only task knows"},
    {"module_header_in_header", "muster/task/x.h", "#include \"muster/task/y_module.h\"",
     "its own room only"},
    {"module_header_elsewhere", "muster/method/x.cpp", "#include \"muster/task/y_module.h\"",
     "its own room only"},
    {"c10d_outside_libtorch", "muster/method/x.cpp", "#include <torch/csrc/distributed/c10d/Store.hpp>",
     "only libtorch"},
    {"gloo", "muster/comm/x.cpp", "#include <gloo/context.h>", "includes Gloo"},
};

INSTANTIATE_TEST_SUITE_P(Floors, EveryBreach, testing::ValuesIn(breaches),
                         [](const auto& breach) { return std::string(breach.param.name); });

}  // namespace
}  // namespace muster::floors
