#include "muster/report/result_table.h"

#include <fmt/format.h>

#include <cmath>

#include "muster/base/format.h"
#include "muster/report/answer.h"
#include "muster/report/table.h"

namespace muster::inline report {

namespace {

// The arm's name, with a note where runs have not ended.
std::string name_of(const ArmResult& arm) {
  if (!arm.finished) return arm.name + " (unfinished, so far)";
  if (arm.unfinished == 0) return arm.name;
  return fmt::format("{} ({} of {})", arm.name, arm.seeds.size(),
                     plural(arm.seeds.size() + static_cast<size_t>(arm.unfinished), "seed"));
}

std::string part_text(double seconds, const ArmResult& arm) {
  if (std::isnan(seconds) || arm.seconds.total <= 0) return "--";
  return fmt::format("{} ({:.1f} %)", format_duration(seconds), 100 * seconds / arm.seconds.total);
}

void add_prediction(std::vector<std::string>& row, const ArmResult& arm, const ArmResult& first) {
  if (!arm.predicted) {
    row.insert(row.end(), {"--", "--"});
    return;
  }
  row.push_back(format_duration(arm.predicted->total()));
  row.push_back(first.predicted ? fmt::format("{:.2f}x", first.predicted->total() / arm.predicted->total())
                                : "--");
}

}  // namespace

ResultTable quality_table(const std::vector<ArmResult>& arms, Quality quality,
                          const std::optional<Network>& network) {
  const bool by_loss = quality == Quality::loss;
  ResultTable table;
  table.headings = {"arm",
                    by_loss ? "test loss" : "test accuracy",
                    by_loss ? "test accuracy" : "test loss",
                    "rounds",
                    "share of steps",
                    "bytes per worker"};
  if (network) table.headings.insert(table.headings.end(), {"predicted time", "speed-up"});
  for (const ArmResult& arm : arms) {
    const std::string accuracy = accuracy_text(arm.accuracy), loss = loss_text(arm.loss);
    std::vector<std::string> row = {
        name_of(arm),           by_loss ? loss : accuracy,          by_loss ? accuracy : loss,
        count_text(arm.rounds), share_text(arm.communication.mean), format_bytes(arm.bytes_per_worker.mean)};
    if (network) add_prediction(row, arm, arms.front());
    table.rows.push_back(std::move(row));
  }
  return table;
}

ResultTable time_table(const std::vector<ArmResult>& arms) {
  ResultTable table;
  table.headings = {"arm",       "time here", "compute",    "waiting",
                    "averaging", "data",      "evaluation", "checkpoints"};
  for (const ArmResult& arm : arms) {
    const SummarySeconds& spent = arm.seconds;
    table.rows.push_back({name_of(arm), format_duration(spent.total), part_text(spent.compute, arm),
                          part_text(spent.waiting, arm), part_text(spent.averaging, arm),
                          part_text(spent.data, arm), part_text(spent.evaluation, arm),
                          part_text(spent.checkpoint, arm)});
  }
  return table;
}

std::string table_text(const ResultTable& table, int most) {
  std::vector<Table::Column> columns;
  for (const std::string& heading : table.headings)
    columns.push_back({heading, columns.empty() ? Align::left : Align::right});
  Table text(std::move(columns));
  for (const auto& row : table.rows) text.add_row(row);
  return text.text(most);
}

}  // namespace muster::inline report
