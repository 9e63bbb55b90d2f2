#include "muster/app/processes/program.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <new>
#include <stdexcept>

#include "muster/base/error.h"
#include "muster/base/log.h"
#include "muster/base/nearest_word.h"
#include "muster/base/output.h"
#include "muster/choice/value.h"

namespace muster::inline app {

namespace {

bool asks_for_help(std::string_view word) { return word == "help" || word == "--help" || word == "-h"; }

int run_words(const Catalogue& catalogue, std::span<const Command> commands, std::vector<std::string> words) {
  if (words.empty() || (asks_for_help(words[0]) && words.size() == 1)) {
    write_output(program_help(commands));
    flush_output();
    return 0;
  }
  if (words[0] == "--version" || words[0] == "-V") words[0] = "version";
  if (asks_for_help(words[0])) {
    words.erase(words.begin());
    if (asks_for_help(words[0])) {  // help --help
      write_output(program_help(commands));
      return 0;
    }
    words.emplace_back("--help");
  }
  const Command& command = find_command(commands, words[0]);
  const int code = command.run(catalogue, {words.begin() + 1, words.end()});
  flush_output();
  return code;
}

// One line, whatever an error's text holds.
int tell(std::string_view what, std::string message, int code) {
  for (char& c : message)
    if (c == '\n' || c == '\r') c = ' ';
  print_log("muster: {}: {}\n", what, message);
  return code;
}

// The parent process may have closed them. No file may get their numbers: messages would be written into it.
// Writing to a standard output that was closed stays an error.
void fill_standard_streams() {
  for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; ++stream)
    if (::fcntl(stream, F_GETFD) < 0)  // the lowest free number is this one
      ::open("/dev/null", stream == STDOUT_FILENO ? O_RDONLY : O_RDWR);
}

// LibTorch reports it as an error of its own type.
bool is_out_of_memory(const std::exception& fault) {
  return std::string_view(fault.what()).find("allocate memory") != std::string_view::npos;
}

constexpr const char* out_of_memory = "out of memory; use fewer workers, a smaller batch or a smaller model";

}  // namespace

std::string program_help(std::span<const Command> commands) {
  std::string text =
      "muster: distributed training with local gradient methods. Workers train alone\n"
      "and average their models when a schedule says so.\n"
      "\nusage: muster COMMAND ...\n\n";
  for (const Command& command : commands) text += fmt::format("  {:10} {}\n", command.name, command.summary);
  text += fmt::format("  {:10} {}\n", "help", "help COMMAND: what a command does, and every key it knows");
  text += "\nexample: four workers train a ResNet under the quadratic synchronization rule\n\n";
  text += "  muster train --task.model resnet8 --run.workers 4 --schedule.rule qsr\n";
  return text;
}

const Command& find_command(std::span<const Command> commands, std::string_view word) {
  std::vector<std::string> names;
  for (const Command& command : commands) {
    if (command.name == word) return command;
    names.emplace_back(command.name);
  }
  const std::string nearest = nearest_word(word, names);
  throw OptionError("command", shown(word),
                    nearest.empty() ? "there is no such command; muster help lists them"
                                    : fmt::format("there is no such command; did you mean {}?", nearest));
}

int run_program(const Catalogue& catalogue, std::span<const Command> commands, int argc, char** argv) {
  fill_standard_streams();
  // A pipe that nobody reads and a file at its size limit are failed writes like any other.
  for (const int number : {SIGPIPE, SIGXFSZ}) std::signal(number, SIG_IGN);
  try {
    return run_words(catalogue, commands, {argv + (argc > 0 ? 1 : 0), argv + argc});
  } catch (const Error& error) {
    return tell("error", error.what(), exit_error);
  } catch (const std::bad_alloc&) {
    return tell("error", out_of_memory, exit_error);
  } catch (const std::length_error&) {
    return tell("error", out_of_memory, exit_error);  // a size beyond any allocation
  } catch (const std::exception& fault) {
    if (is_out_of_memory(fault)) return tell("error", out_of_memory, exit_error);
    return tell("internal error", fault.what(), exit_fault);
  }
}

}  // namespace muster::inline app
