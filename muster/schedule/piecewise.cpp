#include "muster/schedule/piecewise.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>
#include <utility>

#include "muster/base/error.h"
#include "muster/schedule/round_length.h"

namespace muster::inline schedule {

namespace {

constexpr const char* field = "schedule.pieces";

std::string_view trimmed(std::string_view text) {
  constexpr const char* blanks = " \t\r\n";
  const size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::optional<int64_t> whole_number(std::string_view text) {
  text = trimmed(text);
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<PeriodPiece> two_numbers(std::string_view text, char separator) {
  const size_t middle = text.find(separator);
  if (middle == std::string_view::npos) return std::nullopt;
  const auto step = whole_number(text.substr(0, middle)), period = whole_number(text.substr(middle + 1));
  if (!step || !period) return std::nullopt;
  return PeriodPiece{*step, *period};
}

// Calls visit(part) for each part between separators.
template <class Visit>
void for_each_part(std::string_view text, char separator, Visit visit) {
  while (true) {
    const size_t end = text.find(separator);
    visit(text.substr(0, end));
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
  }
}

}  // namespace

void PiecewiseOptions::validate() const {
  if (pieces.empty()) throw OptionError(field, "(none)", "needs at least one piece, such as 0:4,1000:16");
  if (pieces.front().step != 0)
    throw OptionError(field, format_pieces({pieces.front()}), "the first piece must start at step 0");
  for (size_t i = 0; i < pieces.size(); ++i) {
    if (pieces[i].period < 1)
      throw OptionError(field, format_pieces({pieces[i]}), "a period must be at least 1 (steps per round)");
    if (i > 0 && pieces[i].step <= pieces[i - 1].step)
      throw OptionError(field, format_pieces({pieces[i - 1], pieces[i]}),
                        "steps must rise from piece to piece");
  }
}

Piecewise::Piecewise(PiecewiseOptions options) : options_(std::move(options)) { options_.validate(); }

Round Piecewise::next_round(const RoundStart& start) {
  steps_left(start);
  const auto next =
      std::upper_bound(options_.pieces.begin(), options_.pieces.end(), start.step,
                       [](int64_t step, const PeriodPiece& piece) { return step < piece.step; });
  return local_round(std::prev(next)->period, start);
}

std::vector<PeriodPiece> parse_pieces(std::string_view text) {
  PiecewiseOptions options;
  for_each_part(text, ',', [&](std::string_view part) {
    const auto piece = two_numbers(part, ':');
    if (!piece)
      throw OptionError(field, "'" + std::string(trimmed(part)) + "'",
                        "must be step:period, both whole numbers, such as 0:4,1000:16");
    options.pieces.push_back(*piece);
  });
  options.validate();
  return options.pieces;
}

std::vector<PeriodPiece> parse_pieces_csv(std::string_view content, std::string_view source) {
  PiecewiseOptions options;
  int64_t line_number = 0;
  bool heading_possible = true;
  for_each_part(content, '\n', [&](std::string_view line) {
    ++line_number;
    line = trimmed(line);
    if (line.empty() || line.front() == '#') return;
    const auto piece = two_numbers(line, ',');
    const bool heading = !piece && heading_possible && std::isalpha(static_cast<unsigned char>(line.front()));
    heading_possible = false;
    if (heading) return;
    if (!piece)
      throw OptionError(field, "'" + std::string(line.substr(0, 60)) + "'",
                        std::string(source) + " line " + std::to_string(line_number) +
                            " must be step,period, both whole numbers, such as 1000,16");
    options.pieces.push_back(*piece);
  });
  options.validate();
  return options.pieces;
}

std::string format_pieces(const std::vector<PeriodPiece>& pieces) {
  std::string text;
  for (const PeriodPiece& piece : pieces) {
    if (!text.empty()) text += ',';
    text += std::to_string(piece.step) + ':' + std::to_string(piece.period);
  }
  return text;
}

}  // namespace muster::inline schedule
