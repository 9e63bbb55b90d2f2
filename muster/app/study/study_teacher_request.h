#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "muster/app/options/help.h"
#include "muster/theory/teacher/teacher_run.h"

namespace muster::inline app {

class Catalogue;

/// A method of the study by name.
struct TeacherArm {
  std::string name, rule;
  TeacherMethod method;
};

/// What `muster study teacher` was asked for, checked.
struct TeacherRequest {
  bool help = false, json = false;
  std::string command;  ///< how it was called
  std::optional<std::string> out;
  TeacherOptions problem;
  std::vector<TeacherArm> arms;
  size_t baseline = 0;  ///< the arm that the table compares with
  int64_t seeds = 32;
  uint64_t seed = 1;
  int threads = 1;
  std::vector<double> targets;  ///< losses whose first passage is reported
};

const CommandHelp& teacher_help();

/// Words behind `muster study teacher`, checked. Throws OptionError naming flag, value and remedy.
TeacherRequest read_teacher_request(const Catalogue& catalogue, const std::vector<std::string>& words);

}  // namespace muster::inline app
