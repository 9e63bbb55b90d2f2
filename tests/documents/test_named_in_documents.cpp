// What the documents name is there, and the commands that they show are understood as they stand.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <sstream>

#include "documents.h"
#include "muster/app/chaos/chaos_request.h"
#include "muster/app/commands/command_table.h"
#include "muster/app/commands/commands.h"
#include "muster/app/compare/comparison.h"
#include "muster/app/keys/kind_tables.h"
#include "muster/app/launch/launch_request.h"
#include "muster/app/options/help.h"
#include "muster/app/options/resolve.h"
#include "muster/app/options/serve_request.h"
#include "muster/app/planner/plan_request.h"
#include "muster/app/reproduce/claim_files.h"
#include "muster/app/study/study_convex_request.h"
#include "muster/app/study/study_slow_sde_request.h"
#include "muster/app/study/study_teacher_request.h"
#include "muster/base/file.h"
#include "tests/support/built_in.h"
#include "tests/support/temporary_folder.h"

namespace fs = std::filesystem;

namespace muster::documents {
namespace {

using Words = std::vector<std::string>;

const fs::path root = MUSTER_SOURCE_DIR;

std::string text_of(const std::string& document) { return read_file((root / document).string()); }

std::vector<Command> all_commands(const Words& programs) {
  std::vector<Command> all;
  for (const std::string& document : documents(root.string()))
    for (Command& command : commands_of(document, text_of(document), programs))
      all.push_back(std::move(command));
  return all;
}

std::string place(const std::string& file, int line) { return file + ":" + std::to_string(line); }

TEST(Documents, EveryLinkResolves) {
  int links = 0;
  for (const std::string& document : documents(root.string()))
    for (const Link& link : links_of(document, text_of(document))) {
      if (link.target.find("://") != std::string::npos) continue;
      ++links;
      const size_t hash = link.target.find('#');
      const std::string path = link.target.substr(0, hash);
      const fs::path target =
          path.empty() ? fs::path(document) : (fs::path(document).parent_path() / path).lexically_normal();
      ASSERT_TRUE(fs::exists(root / target)) << place(link.file, link.line) << " names " << target;
      if (hash == std::string::npos) continue;
      const auto anchors = anchors_of(text_of(target.string()));
      EXPECT_NE(std::find(anchors.begin(), anchors.end(), link.target.substr(hash + 1)), anchors.end())
          << place(link.file, link.line) << ": no heading for " << link.target;
    }
  EXPECT_GE(links, 20);
}

TEST(Documents, TheListOfPagesHasThemAll) {
  std::set<std::string> listed;
  for (const Link& link : links_of("docs/README.md", text_of("docs/README.md")))
    listed.insert("docs/" + link.target);
  for (const std::string& document : documents(root.string()))
    if (document.starts_with("docs/") && document != "docs/README.md") {
      EXPECT_TRUE(listed.contains(document)) << "docs/README.md does not list " << document;
    }
}

TEST(Documents, TheReadmeIsShortAndShowsAPage) {
  const std::string readme = text_of("README.md");
  EXPECT_LE(words_of(readme), 700);
  EXPECT_NE(readme.find("](docs/pictures/"), std::string::npos);
  EXPECT_NE(readme.find("](docs/README.md)"), std::string::npos);
  EXPECT_NE(readme.find("CPUs"), std::string::npos);
}

/// scripts/run ends with the demonstration: the words that README.md shows, but for the folder.
TEST(Documents, TheReadmeShowsTheDemonstrationThatTheScriptRuns) {
  Words shown;
  for (const Command& command : commands_of("README.md", text_of("README.md"), {"build/release/bin/muster"}))
    if (command.whole && command.words.at(1) == "compare") shown = command.words;
  ASSERT_FALSE(shown.empty());
  shown.erase(std::find(shown.begin(), shown.end(), "--out"), shown.end());
  std::string line;
  for (const std::string& word : shown) line += word + " ";
  EXPECT_NE(text_of("scripts/run").find(line), std::string::npos) << line;
}

TEST(Documents, EveryScriptAndConfigurationNamedIsThere) {
  int named = 0;
  for (const std::string& document : documents(root.string())) {
    std::istringstream in(text_of(document));
    int line = 0;
    for (std::string text; std::getline(in, text);) {
      ++line;
      std::istringstream words(text);
      for (std::string word; words >> word;) {
        const size_t from = std::min({word.find("configs/"), word.find("bench/"), word.find("scripts/")});
        if (from == std::string::npos || (from > 0 && word[from - 1] != '`' && word[from - 1] != '('))
          continue;
        std::string path = word.substr(from);
        path = path.substr(0, path.find_first_of("`),;:"));
        while (path.ends_with('.')) path.pop_back();
        if (path.find_first_of("*{<") != std::string::npos) continue;
        ++named;
        EXPECT_TRUE(fs::exists(root / path)) << place(document, line) << " names " << path;
      }
    }
  }
  EXPECT_GE(named, 60);
}

/// The suites and tests of --gtest_filter are there, and so is the program.
TEST(Documents, TestProgramsNamedAreThere) {
  std::string tests;
  for (const auto& entry : fs::recursive_directory_iterator(root / "tests"))
    if (entry.path().extension() == ".cpp") tests += read_file(entry.path().string());
  for (const Command& command : all_commands({"build/", "test_"})) {
    const std::string program = fs::path(command.words.front()).filename().string();
    if (program.starts_with("test_")) {
      const std::string room = program.substr(5);
      EXPECT_TRUE(fs::exists(root / "tests/unit" / room) || fs::exists(root / "tests" / room))
          << place(command.file, command.line) << ": " << program;
    }
    if (program.starts_with("bench_")) {
      EXPECT_TRUE(fs::exists(root / "bench" / (program.substr(6) + ".cpp")))
          << place(command.file, command.line) << ": " << program;
    }
    for (const std::string& word : command.words) {
      if (!word.starts_with("--gtest_filter=")) continue;
      std::istringstream filters(word.substr(word.find('=') + 1));
      for (std::string filter; std::getline(filters, filter, ':');) {
        // A pattern that begins with a name must find a suite, another some test of that name.
        const bool by_suite = !filter.starts_with('*');
        const std::string sought = by_suite ? "(" + filter.substr(0, filter.find_first_of(".*"))
                                            : filter.substr(1, filter.find('*', 1) - 1);
        EXPECT_NE(tests.find(sought), std::string::npos)
            << place(command.file, command.line) << ": " << filter;
      }
    }
  }
}

/// A folder in which the documents' commands find what they name: the configurations, and what a user has.
class UsersFolder {
 public:
  UsersFolder() : before_(fs::current_path()) {
    for (const char* name : {"configs", "bench", "scripts"})
      fs::create_directory_symlink(root / name, fs::path(folder_.path()) / name);
    fs::current_path(folder_.path());
    std::ofstream("hosts.txt") << "alpha slots=4\nbeta slots=4\n";
    fs::copy_file(root / "configs/qsr.toml", "my.toml");
  }
  ~UsersFolder() { fs::current_path(before_); }
  UsersFolder(const UsersFolder&) = delete;
  UsersFolder& operator=(const UsersFolder&) = delete;

  /// A configuration that a command before it has written, or the run that it has left.
  static void provide(const Words& words) {
    for (size_t i = 0; i < words.size(); ++i) {
      const std::string& word = words[i];
      const bool made = word.starts_with("runs/") || word.starts_with("plans/");
      const bool continued = i == 0 || words[i - 1] == "train";
      if (!made || (!continued && !word.ends_with(".toml"))) continue;
      const fs::path file = word.ends_with(".toml") ? fs::path(word) : fs::path(word) / "config.toml";
      fs::create_directories(file.parent_path());
      std::ofstream(file) << "[run]\nsteps = 100\nout = \"" << file.parent_path().string() << "\"\n";
      std::ofstream(file.parent_path() / ".lock");
    }
  }

 private:
  test::TemporaryFolder folder_;
  fs::path before_;
};

void understand_study(const Words& words) {
  ASSERT_FALSE(words.empty());
  const Words rest(words.begin() + 1, words.end());
  if (words[0] == "convex")
    read_convex_request(catalogue, rest);
  else if (words[0] == "slow-sde")
    read_slow_sde_request(catalogue, rest);
  else if (words[0] == "teacher")
    read_teacher_request(catalogue, rest);
  else
    FAIL() << "no study " << words[0];
}

void understand_launch(const Words& words) {
  const LaunchRequest request = read_launch_request(catalogue, words);
  if (!request.command.empty() && request.command.front() == "train")
    read_train_request(catalogue, {request.command.begin() + 1, request.command.end()});
}

void understand_schedule(const Words& words) {
  const Arguments arguments = parse_arguments(catalogue, words, schedule_help().flags, 1);
  const auto& files = arguments.positional;
  resolve(catalogue, files.empty() ? std::nullopt : std::optional(files.front()), arguments.settings,
          Scope::preview);
}

/// How the words behind a command's name are read.
struct Reader {
  std::function<void(const Words&)> whole;
  std::vector<const CommandHelp& (*)()> helps;  ///< that list its flags
};

const std::map<std::string, Reader>& readers() {
  const auto by_flags = [](const CommandHelp& (*help)()) {
    return Reader{[help](const Words& words) { parse_arguments(catalogue, words, help().flags, 1000); },
                  {help}};
  };
  static const std::map<std::string, Reader> all = {
      {"train", {[](const Words& words) { read_train_request(catalogue, words); }, {train_help}}},
      {"simulate", {[](const Words& words) { read_simulate_request(catalogue, words); }, {simulate_help}}},
      {"launch", {understand_launch, {launch_help, train_help}}},
      {"chaos",
       {[](const Words& words) { read_chaos_request(catalogue, words); },
        {chaos_help, launch_help, train_help}}},
      {"serve", {[](const Words& words) { read_serve_request(catalogue, words); }, {serve_help}}},
      {"work", {[](const Words& words) { read_work_request(catalogue, words); }, {work_help}}},
      {"status", {[](const Words& words) { read_status_request(catalogue, words); }, {status_help}}},
      {"compare",
       {[](const Words& words) {
          plan_comparison(catalogue, read_compare_request(catalogue, words).comparison);
        },
        {compare_help}}},
      {"study", {understand_study, {convex_help, slow_sde_help, teacher_help}}},
      {"schedule", {understand_schedule, {schedule_help}}},
      {"plan", {[](const Words& words) { read_plan_request(catalogue, words); }, {plan_help}}},
      {"reproduce", by_flags(reproduce_help)},
      {"report", by_flags(report_help)},
      {"evaluate", by_flags(evaluate_help)},
      {"probe", by_flags(probe_help)},
      {"sample", by_flags(sample_help)},
      {"convert", by_flags(convert_help)},
      {"completion", by_flags(completion_help)},
      {"models", by_flags(models_help)},
      {"signature", by_flags(signature_help)},
      {"version", by_flags(version_help)},
  };
  return all;
}

/// A command in running text may lack what its reader needs; its flags and keys are looked up one by one.
void understand_fragment(const Reader& reader, const Words& words) {
  for (const std::string& word : words) {
    if (!word.starts_with("--") || word == "--") continue;
    const std::string name = word.substr(2, word.find('=') - 2);
    const bool own = std::any_of(reader.helps.begin(), reader.helps.end(), [&](const auto& help) {
      const auto& flags = help().flags;
      return std::any_of(flags.begin(), flags.end(),
                         [&](const CommandFlag& flag) { return flag.name == name; });
    });
    if (own || name == "arm") continue;
    EXPECT_NO_THROW(catalogue.find_key(name, "")) << word;
  }
}

std::string in_a_table(const std::string& text) {
  std::string escaped;
  for (const char c : text) escaped += c == '|' ? std::string("\\|") : std::string(1, c);
  return escaped;
}

TEST(Documents, EveryClaimStandsThereWithWhatItCompares) {
  const std::string document = text_of("docs/reproduce.md");
  for (const ClaimFile& file : load_claims((root / "reproduce").string()))
    for (const Claim& claim : file.claims) {
      std::vector<std::string> texts = {claim.claim, claim.small.here};
      for (const ClaimPart& part : claim.small.parts) texts.push_back(part.says);
      for (const ClaimNumber& number : claim.small.numbers)
        texts.push_back(fmt::format("{} = {:g} ± {:g}", number.figure, number.number, number.tolerance));
      for (const std::string& text : texts)
        EXPECT_NE(document.find(in_a_table(text)), std::string::npos) << claim.id << ": " << text;
    }
}

/// The tables of rules, optimizers and codecs say what the catalogue says.
TEST(Documents, TablesOfKindsAreTheCatalogues) {
  for (const KindTable& table : kind_tables(catalogue))
    EXPECT_NE(text_of(table.document).find(table.text), std::string::npos)
        << table.document << " lacks this table:\n"
        << table.text;
}

/// The words in code of the first cells of the table that begins with "| `heading` |".
std::set<std::string> first_cells(const std::string& text, const std::string& heading) {
  std::set<std::string> words;
  const size_t begin = text.find("| `" + heading + "` |");
  if (begin == std::string::npos) return words;
  std::istringstream lines(text.substr(begin));
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line) && line.starts_with("|")) {
    const std::string cell = line.substr(1, line.find('|', 1) - 1);
    for (size_t open = cell.find('`'); open != std::string::npos;) {
      const size_t close = cell.find('`', open + 1);
      words.insert(cell.substr(open + 1, close - open - 1));
      open = cell.find('`', close + 1);
    }
  }
  return words;
}

template <class K>
void expect_whole_table(const std::string& document, const Family<K>& family) {
  const Words words = family.words();
  const std::string heading = family.text().section + "." + family.text().key;
  EXPECT_EQ(first_cells(text_of(document), heading), std::set<std::string>(words.begin(), words.end()))
      << document << ": " << heading;
}

/// Tables that tell more than the catalogue knows name every kind, and no other.
TEST(Documents, TablesByHandNameEveryKind) {
  expect_whole_table("docs/data.md", catalogue.tasks());
  expect_whole_table("docs/data.md", catalogue.samplers());
  expect_whole_table("docs/methods.md", catalogue.models());
}

TEST(Documents, EveryCommandOfTheProgramHasAReaderHere) {
  for (const auto& command : muster_commands())
    EXPECT_TRUE(readers().contains(std::string(command.name))) << command.name;
}

TEST(Documents, EveryMusterCommandIsUnderstood) {
  const UsersFolder folder;
  std::set<std::string> seen;
  for (const Command& command : all_commands({"muster", "build/release/bin/muster"})) {
    if (command.words.size() < 2 || command.words[1].starts_with("-")) continue;
    SCOPED_TRACE(place(command.file, command.line));
    const std::string& name = command.words[1];
    ASSERT_TRUE(readers().contains(name)) << "no command " << name;
    const Words words(command.words.begin() + 2, command.words.end());
    if (!command.whole) {
      understand_fragment(readers().at(name), words);
      continue;
    }
    UsersFolder::provide(words);
    try {
      readers().at(name).whole(words);
    } catch (const std::exception& problem) {
      ADD_FAILURE() << problem.what();
    }
    seen.insert(name);
  }
  for (const char* name : {"train", "simulate", "launch", "compare", "study", "schedule", "serve", "work"})
    EXPECT_TRUE(seen.contains(name)) << name << " is shown nowhere";
}

}  // namespace
}  // namespace muster::documents
