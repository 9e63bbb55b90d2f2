#include "muster/serve/server_history.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>
#include <variant>

#include "muster/base/error.h"
#include "muster/rendezvous/identity.h"
#include "muster/serve/snapshot.h"

namespace muster::inline serve {

namespace {

std::string name_of(const std::string& path) { return std::filesystem::path(path).filename().string(); }

bool exists_for_certain(const std::string& path) {
  std::error_code problem;
  const bool there = std::filesystem::exists(path, problem);
  if (problem) throw FileError(fmt::format("cannot examine '{}': {}", path, problem.message()));
  return there;
}

/// The number of a journal's first event; nothing where it is missing or says nothing any more.
std::optional<uint64_t> first_of(const std::string& path) {
  if (!exists_for_certain(path)) return std::nullopt;
  try {
    return EventLogReader(path).first();
  } catch (const DataError&) {  // open_journal() says so, where it is needed
    return std::nullopt;
  }
}

}  // namespace

std::string lost_text(const std::vector<LostEvent>& lost) {
  constexpr size_t most_named = 12;
  std::vector<std::string> named;
  size_t others = 0;
  for (const LostEvent& one : lost)
    if (one.contribution)
      named.push_back(
          fmt::format("round {} of worker {}", one.contribution->sequence, one.contribution->worker));
    else
      ++others;
  const auto count = [](size_t number, const char* what) {
    return fmt::format("{} {}{}", number, what, number == 1 ? "" : "s");
  };
  if (named.empty()) return count(others, "event");
  std::string text = count(named.size(), "acknowledged contribution");
  for (size_t i = 0; i < std::min(named.size(), most_named); ++i) text += (i == 0 ? " (" : ", ") + named[i];
  if (named.size() > most_named) text += fmt::format(" and {} more", named.size() - most_named);
  text += ")";
  if (others > 0) text += " and " + count(others, "other event");
  return text;
}

std::unique_ptr<ServerHistory> ServerHistory::open(const ServerFileNames& names, const std::string& identity,
                                                   Recovery recovery) {
  if (names.nothing_there()) return nullptr;
  std::unique_ptr<ServerHistory> history(new ServerHistory(names, identity, recovery));
  if (!history->find_snapshot()) return nullptr;
  return history;
}

std::unique_ptr<ServerHistory> ServerHistory::from_beginning(const ServerFileNames& names,
                                                             const std::string& identity, Recovery recovery) {
  const auto snapshots = names.snapshots(), journals = names.journals();
  if (snapshots.empty() || snapshots.front() != 0)
    throw CheckpointError(
        fmt::format("'{}' does not hold the beginning of its run; only a run with serve.keep_events keeps it",
                    names.folder()));
  std::unique_ptr<ServerHistory> history(new ServerHistory(names, identity, recovery));
  history->take(0);
  history->find_mark();
  history->newest_ = std::max({snapshots.back(), journals.empty() ? -1 : journals.back(),
                               history->mark_ ? history->mark_->journal : -1});
  return history;
}

void ServerHistory::take(int64_t number) {
  snapshot_ = read_snapshot(names_.snapshot(number));
  number_ = static_cast<uint64_t>(snapshot_.numbers.integer("events"));
  contributions_ = snapshot_.numbers.integer("server.version");
  base_ = journal_ = number;
}

// False where a server ended before it had written its first snapshot, when nothing could have happened yet.
bool ServerHistory::find_snapshot() {
  const auto snapshots = names_.snapshots(), journals = names_.journals();
  std::string damage;
  for (auto number = snapshots.rbegin(); number != snapshots.rend() && base_ < 0; ++number) try {
      take(*number);
    } catch (const CheckpointError& problem) {
      damage += (damage.empty() ? "" : "; ") + std::string(problem.what());
    }
  find_mark();
  newest_ = std::max({snapshots.empty() ? -1 : snapshots.back(), journals.empty() ? -1 : journals.back(),
                      mark_ ? mark_->journal : -1});
  if (base_ >= 0 && !damage.empty())
    messages_.push_back(fmt::format("{}; continuing from {} and the events after it", damage,
                                    name_of(names_.snapshot(base_))));
  if (base_ >= 0) return true;
  if (!snapshots.empty()) throw CheckpointError(damage + "; no other snapshot is left");
  const bool nothing_happened = newest_ == 0 && (!mark_ || mark_->next == 0) &&
                                (journals.empty() || !EventLogReader(names_.journal(0)).next());
  if (nothing_happened) return false;
  throw CheckpointError(
      fmt::format("'{}' holds events but no snapshot that they follow on", names_.folder()));
}

void ServerHistory::find_mark() {
  try {
    mark_ = DurableMarkFile::read(names_.mark());
  } catch (const CheckpointError& problem) {
    if (recovery_ == Recovery::strict && base_ >= 0)
      throw CheckpointError(
          fmt::format("{}; --recover takes all whole events for all there were", problem.what()));
    messages_.emplace_back(problem.what());
    return;
  }
  if (mark_ || base_ < 0) return;
  const std::string missing =
      fmt::format("'{}' is missing: nothing says how much was acknowledged", names_.mark());
  if (recovery_ == Recovery::strict)
    throw CheckpointError(missing + "; --recover takes all whole events for all there were");
  messages_.push_back(missing);
}

std::optional<ServerEvent> ServerHistory::next() {
  try {
    return read();
  } catch (const DataError& damage) {
    throw CheckpointError(damage.what() + (recovery_ == Recovery::strict ? would_drop() : std::string()));
  }
}

std::optional<uint64_t> ServerHistory::promised_of(int64_t journal) const {
  std::optional<uint64_t> promised;
  if (mark_ && mark_->journal == journal) promised = mark_->next;
  if (mark_ && mark_->journal < journal) promised = 0;  // newer than the mark: none was acknowledged
  if (const auto first = first_of(names_.journal(journal + 1))) promised = *first;
  return promised;
}

std::optional<ServerEvent> ServerHistory::read() {
  while (!ended_) {
    if (!reader_ && !open_journal()) break;
    // Behind the first event of the next journal there may be what was cut off in writing.
    const bool all_read = journal_ < newest_ && promised_ && reader_->number() >= *promised_;
    if (auto event = all_read ? std::nullopt : reader_->next()) {
      ++number_;
      if (std::holds_alternative<Contribution>(*event)) ++contributions_;
      return event;
    }
    close_journal();
  }
  return std::nullopt;
}

bool ServerHistory::open_journal() {
  const std::string path = names_.journal(journal_);
  if (!exists_for_certain(path)) {
    end_at_gap(fmt::format("'{}' is missing", path));
    return false;
  }
  promised_ = promised_of(journal_);
  std::unique_ptr<EventLogReader> reader;
  try {
    reader = std::make_unique<EventLogReader>(
        path, EventLogReading{promised_, recovery_ == Recovery::drop_damaged});
  } catch (const DataError& damage) {
    end_at_gap(damage.what());
    return false;
  }
  if (reader->identity() != identity_) {
    const auto difference =
        first_difference(identity_from_text(reader->identity()), identity_from_text(identity_));
    throw CheckpointError(fmt::format("'{}' belongs to another run: {}", path, difference.value_or("")));
  }
  if (reader->first() != number_) {
    end_at_gap(
        fmt::format("'{}' begins with event {} where event {} is due", path, reader->first(), number_));
    return false;
  }
  reader_ = std::move(reader);
  return true;
}

void ServerHistory::close_journal() {
  const std::string name = name_of(names_.journal(journal_));
  if (reader_->mended() > 0)
    messages_.push_back(fmt::format("{}: {} damaged record{} read by {} copy, nothing is lost", name,
                                    reader_->mended(), reader_->mended() == 1 ? "" : "s",
                                    reader_->mended() == 1 ? "its" : "their"));
  if (reader_->torn_bytes() > 0 && journal_ == newest_)
    messages_.push_back(fmt::format(
        "{}: dropped {} bytes at its end that were cut off in writing and had not been acknowledged", name,
        reader_->torn_bytes()));
  lost_.insert(lost_.end(), reader_->lost().begin(), reader_->lost().end());
  const bool cut = reader_->cut();
  reader_.reset();
  ++journal_;
  if (cut) lose_all_behind();
  if (journal_ > newest_) ended_ = true;
  if (ended_) tell_lost();
}

void ServerHistory::tell_lost() {
  if (lost_.empty()) return;
  number_ = std::max(number_, lost_.back().number + 1);
  messages_.push_back(fmt::format("{}: dropped {}", names_.folder(), lost_text(lost_)));
}

// Events rest on those before them: behind a gap nothing can be applied.
void ServerHistory::end_at_gap(const std::string& what) {
  if (recovery_ == Recovery::strict) throw DataError(what);
  messages_.push_back(what);
  lose_all_behind();
  tell_lost();
}

void ServerHistory::lose_all_behind() {
  uint64_t due = lost_.empty() ? number_ : std::max(number_, lost_.back().number + 1);
  for (; journal_ <= newest_; ++journal_) {
    const std::string path = names_.journal(journal_);
    const auto promised = promised_of(journal_);
    std::vector<LostEvent> behind;
    if (exists_for_certain(path))
      behind = events_behind(RecordFile(path), 0, due, promised.value_or(UINT64_MAX));
    else if (promised)
      for (uint64_t event = due; event < *promised; ++event) behind.push_back({event, std::nullopt, false});
    lost_.insert(lost_.end(), behind.begin(), behind.end());
    if (!lost_.empty()) due = std::max(due, lost_.back().number + 1);
  }
  ended_ = true;
}

std::string ServerHistory::would_drop() const {
  ServerHistory trial(names_, identity_, Recovery::drop_damaged);
  trial.find_snapshot();
  while (trial.next()) {
  }
  if (trial.lost().empty()) return "; --recover continues without it, and drops nothing that it can see";
  std::string left;
  if (mark_)
    left = fmt::format("; of {} acknowledged contributions {} would be left", mark_->contributions,
                       trial.contributions_);
  return fmt::format("; --recover would continue without it and drop {}{}", lost_text(trial.lost()), left);
}

}  // namespace muster::inline serve
