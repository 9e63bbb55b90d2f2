#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "muster/app/options/arguments.h"

namespace muster::inline app {

class Catalogue;

/// The content of a command's help page.
struct CommandHelp {
  std::string_view usage;                  ///< "muster train [CONFIG.toml] [--section.key value ...]"
  std::string_view about;                  ///< a few lines, ending with a line feed
  std::vector<CommandFlag> flags;          ///< its own flags
  std::vector<std::string_view> sections;  ///< sections of the keys that it uses
};

/// Flags of many commands.
inline constexpr CommandFlag help_flag = {"help", "", "This page."};
inline constexpr CommandFlag json_flag = {"json", "", "One JSON object on standard output (docs/json.md)."};

const CommandHelp& train_help();
const CommandHelp& simulate_help();
const CommandHelp& evaluate_help();
const CommandHelp& probe_help();
const CommandHelp& sample_help();
const CommandHelp& convert_help();
const CommandHelp& signature_help();
const CommandHelp& models_help();
const CommandHelp& compare_help();
const CommandHelp& launch_help();
const CommandHelp& chaos_help();
const CommandHelp& serve_help();
const CommandHelp& work_help();
const CommandHelp& status_help();
const CommandHelp& reproduce_help();
const CommandHelp& report_help();
const CommandHelp& schedule_help();
const CommandHelp& study_help();
const CommandHelp& completion_help();
const CommandHelp& version_help();

/// Usage, own flags, and every key of its sections with default, unit, range and meaning.
std::string help_text(const Catalogue& catalogue, const CommandHelp& help);

}  // namespace muster::inline app
