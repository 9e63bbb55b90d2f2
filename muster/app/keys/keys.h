#pragma once

#include <string_view>
#include <vector>

#include "muster/app/keys/key.h"

namespace muster::inline app {

struct Kinds;

/// Every key of a catalogue, section by section.
std::vector<Key> keys_of_kinds(const Kinds& kinds);

/// Sections in the order of the table, with what each is about.
struct SectionTitle {
  std::string_view name;
  std::string_view about;
};
const std::vector<SectionTitle>& section_titles();

// The parts of the table.
std::vector<Key> run_keys();
std::vector<Key> task_keys(const Kinds& kinds);
std::vector<Key> image_keys();
std::vector<Key> text_keys();
std::vector<Key> gpt_keys();
std::vector<Key> clusters_keys();
std::vector<Key> schedule_keys(const Kinds& kinds);
std::vector<Key> learning_rate_keys(const Kinds& kinds);
std::vector<Key> inner_keys(const Kinds& kinds);
std::vector<Key> outer_keys(const Kinds& kinds);
std::vector<Key> comm_keys();
std::vector<Key> codec_keys(const Kinds& kinds);
std::vector<Key> level_keys();
std::vector<Key> overlap_keys(const Kinds& kinds);
std::vector<Key> elastic_keys();
std::vector<Key> async_outer_keys(const Kinds& kinds);
std::vector<Key> async_dispatch_keys();
std::vector<Key> async_virtual_keys();
std::vector<Key> serve_credential_keys();
std::vector<Key> serve_keys(const Kinds& kinds);
std::vector<Key> evaluation_keys();
std::vector<Key> checkpoint_keys();

}  // namespace muster::inline app
