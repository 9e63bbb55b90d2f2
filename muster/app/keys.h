#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "muster/app/key.h"

namespace muster {

/// Every key, section by section: the one table behind the command line, the files, the help and the checks.
const std::vector<Key>& all_keys();

/// A key by its full name ("schedule.rule") or, if only one section has it, by its last part ("rule"); '-'
/// counts as '_'.
/// `value` only serves the message. Throws OptionError naming the nearest key, or the candidates.
const Key& find_key(std::string_view name, std::string_view value);

/// Sections in the order of the table, with what each is about.
struct SectionTitle {
  std::string_view name;
  std::string_view about;
};
const std::vector<SectionTitle>& section_titles();

// The parts of the table.
std::vector<Key> run_keys();
std::vector<Key> task_keys();
std::vector<Key> image_keys();
std::vector<Key> text_keys();
std::vector<Key> gpt_keys();
std::vector<Key> clusters_keys();
std::vector<Key> schedule_keys();
std::vector<Key> learning_rate_keys();
std::vector<Key> inner_keys();
std::vector<Key> outer_keys();
std::vector<Key> comm_keys();
std::vector<Key> codec_keys();
std::vector<Key> level_keys();
std::vector<Key> overlap_keys();
std::vector<Key> elastic_keys();
std::vector<Key> async_outer_keys();
std::vector<Key> async_dispatch_keys();
std::vector<Key> async_virtual_keys();
std::vector<Key> serve_door_keys();
std::vector<Key> serve_keys();
std::vector<Key> evaluation_keys();
std::vector<Key> checkpoint_keys();

}  // namespace muster
