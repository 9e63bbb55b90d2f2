#include "muster/rendezvous/result_ledger.h"

#include <algorithm>
#include <charconv>

#include "muster/base/error.h"

namespace muster::inline rendezvous {

namespace {

using std::chrono::milliseconds;

/// Time limit for reading a key that is set.
constexpr milliseconds answer_time = std::chrono::seconds(5);

// Fields of an entry are lines; the last one takes the rest.
std::string entry_of(const std::vector<std::string>& fields) {
  std::string text;
  for (const std::string& field : fields) text += (text.empty() ? "" : "\n") + field;
  return text;
}

std::vector<std::string> fields_of(const std::string& entry, size_t count) {
  std::vector<std::string> fields;
  size_t begin = 0;
  while (fields.size() + 1 < count) {
    const size_t end = entry.find('\n', begin);
    if (end == std::string::npos) throw Error("the run's store holds an entry of an unknown form: " + entry);
    fields.push_back(entry.substr(begin, end - begin));
    begin = end + 1;
  }
  fields.push_back(entry.substr(begin));
  return fields;
}

int64_t number_of(const std::string& text) {
  int64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size())
    throw Error("the run's store holds '" + text + "' where a number belongs");
  return number;
}

std::string entry_of(const WriterRecord& writer) {
  return entry_of({std::to_string(writer.generation), std::to_string(writer.number), writer.name});
}

WriterRecord writer_from(const std::string& entry) {
  const auto fields = fields_of(entry, 3);
  return {number_of(fields[0]), number_of(fields[1]), fields[2]};
}

}  // namespace

ResultLedger::ResultLedger(KeyValues& store, const std::string& prefix)
    : store_(store), prefix_(prefix + "result/") {}

std::optional<std::string> ResultLedger::read(const std::string& key) {
  if (!store_.check({prefix_ + key})) return std::nullopt;
  return store_.get(prefix_ + key, answer_time);
}

std::string ResultLedger::run_id(const std::string& proposal) {
  return store_.compare_set(prefix_ + "run", "", proposal);
}

void ResultLedger::require_result() { store_.set(prefix_ + "owed", "1"); }

bool ResultLedger::result_required() { return store_.check({prefix_ + "owed"}); }

std::optional<int64_t> ResultLedger::claim(int64_t generation, const std::string& name) {
  const std::string key = prefix_ + "writer";
  while (true) {
    const std::string held = read("writer").value_or("");
    WriterRecord next{generation, 1, name};
    if (!held.empty()) {
      const WriterRecord writer = writer_from(held);
      if (writer.generation > generation) return std::nullopt;
      const bool another = writer.generation == generation && writer.name != name;
      if (another && !why_unable(writer.name)) return std::nullopt;
      next.number = writer.number + 1;
    }
    const std::string wanted = entry_of(next);
    if (store_.compare_set(key, held, wanted) == wanted) return next.number;
  }
}

std::optional<WriterRecord> ResultLedger::writer() {
  const auto held = read("writer");
  if (!held) return std::nullopt;
  return writer_from(*held);
}

void ResultLedger::say_unable(const std::string& name, const std::string& why) {
  store_.set(prefix_ + "unable/" + name, why);
}

void ResultLedger::say_able(const std::string& name) { store_.remove(prefix_ + "unable/" + name); }

std::optional<std::string> ResultLedger::why_unable(const std::string& name) {
  return read("unable/" + name);
}

std::optional<std::string> ResultLedger::first_able(const std::vector<std::string>& names) {
  const auto found = std::ranges::find_if(names, [this](const auto& name) { return !why_unable(name); });
  if (found == names.end()) return std::nullopt;
  return *found;
}

void ResultLedger::say_folder(const std::string& host, const std::string& folder) {
  store_.set(prefix_ + "folder", entry_of({host, folder}));
}

void ResultLedger::say_checkpoint(int64_t step) { store_.set(prefix_ + "checkpoint", std::to_string(step)); }

std::optional<std::string> ResultLedger::folder() {
  const auto held = read("folder");
  if (!held) return std::nullopt;
  return fields_of(*held, 2)[1];
}

std::optional<int64_t> ResultLedger::checkpoint() {
  const auto held = read("checkpoint");
  if (!held) return std::nullopt;
  return number_of(*held);
}

void ResultLedger::say_durable(const DurableResult& result) {
  store_.set(prefix_ + "durable", entry_of({result.host, result.model, result.summary, result.folder}));
}

std::optional<DurableResult> ResultLedger::durable(milliseconds within) {
  const std::string key = prefix_ + "durable";
  if (!(within.count() > 0 ? store_.wait({key}, within) : store_.check({key}))) return std::nullopt;
  const auto fields = fields_of(store_.get(key, answer_time).value_or(""), 4);
  return DurableResult{fields[0], fields[3], fields[1], fields[2]};
}

void ResultLedger::say_failed(const std::string& what) {
  store_.compare_set(prefix_ + "failed", "", what.empty() ? "the run failed" : what);
}

std::optional<std::string> ResultLedger::failed() { return read("failed"); }

}  // namespace muster::inline rendezvous
