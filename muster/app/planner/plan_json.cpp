#include <cmath>
#include <nlohmann/json.hpp>

#include "muster/app/planner/plan_result.h"

namespace muster::inline app {

namespace {

using Json = nlohmann::ordered_json;

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }
Json known(const std::optional<double>& value) { return value ? number(*value) : Json(nullptr); }
Json known_bytes(double bytes) { return bytes > 0 ? Json(bytes) : Json(nullptr); }

Json time_json(const RunTime& time) {
  return {{"total", number(time.total())},
          {"compute", time.compute},
          {"waiting", time.waiting},
          {"communication", number(time.communication())},
          {"latency", time.latency},
          {"bandwidth", time.bandwidth},
          {"fixed", time.fixed},
          {"hidden", time.hidden},
          {"failures", number(time.failures)},
          {"other", time.other}};
}

Json row_json(const PlanRow& row) {
  Json json;
  json["name"] = row.name;
  json["rule"] = row.rule->name;
  json["rounds"] = row.walk.meetings();
  json["communication"] = row.walk.communication();
  json["longest_period"] = row.walk.longest_period();
  json["estimated"] = row.walk.estimated;
  json["bytes_per_worker"] = known_bytes(row.bytes_per_worker);
  json["seconds"] = time_json(row.time);
  json["hours"] = number(row.time.total() / 3600);
  json["cost"] = known(row.cost);
  json["bottleneck"] = std::string(name_of(row.time.bottleneck()));
  return json;
}

Json scan_json(const PlanScan& scan) {
  Json json;
  json["rule"] = scan.rule;
  json["pays_up_to"] = scan.pays_up_to ? Json(*scan.pays_up_to) : Json(nullptr);
  json["fastest"] = scan.fastest ? Json(*scan.fastest) : Json(nullptr);
  json["points"] = Json::array();
  for (const PlanScale& point : scan.points)
    json["points"].push_back({{"workers", point.workers},
                              {"hosts", point.hosts},
                              {"steps", point.steps},
                              {"hours", number(point.time.total() / 3600)},
                              {"cost", known(point.cost)},
                              {"marginal", number(point.marginal)},
                              {"bottleneck", std::string(name_of(point.time.bottleneck()))}});
  return json;
}

Json async_json(const PlanResult& plan) {
  if (!plan.async) return nullptr;
  return {{"seconds", plan.async->seconds},
          {"arrivals", plan.async->arrivals},
          {"utilisation", plan.async->utilisation},
          {"bytes_per_worker", known_bytes(plan.async->bytes_per_worker)},
          {"lockstep_seconds", plan.async->lockstep_seconds}};
}

Json advice_json(const PlanResult& plan) {
  const PlanAdvice& advice = plan.advice;
  Json json;
  json["name"] = plan.rows[advice.row].name;
  json["rule"] = plan.rows[advice.row].rule->name;
  json["codec"] = advice.codec->name;
  json["seconds"] = number(advice.time.total());
  json["bytes_per_worker"] = known_bytes(advice.bytes_per_worker);
  json["reasons"] = advice.reasons;
  json["risks"] = advice.risks;
  return json;
}

/// The configured rule by its plain name, the others with what tells them apart.
Json predicted_json(const PlanResult& plan) {
  Json predicted = Json::object();
  for (const PlanRow& row : plan.rows) predicted[row.name] = number(row.time.total() / 3600);
  return predicted;
}

}  // namespace

std::string plan_json(const PlanResult& plan, int indent) {
  const RunCosts& costs = plan.basis.costs;
  const PlanRow& every = plan.rows[plan.every_step];
  Json json;
  json["source"] = plan.basis.source;
  json["steps"] = plan.request.steps;
  json["workers"] = costs.group.workers();
  json["hosts"] = costs.group.hosts;
  json["parameters"] = plan.basis.parameters > 0 ? Json(plan.basis.parameters) : Json(nullptr);
  json["communication_hours"] = every.time.communication() / 3600;
  json["compute_hours"] = every.time.compute / 3600;
  json["compute_seconds_per_step"] = every.time.compute / static_cast<double>(plan.request.steps);
  json["meeting_seconds"] = meeting_time(costs.meeting, costs.group, costs.message_bytes, false).total();
  json["gradient_meeting_seconds"] =
      meeting_time(costs.meeting, costs.group, costs.message_bytes, true).total();
  json["bytes_per_meeting"] = known_bytes(plan.basis.bytes_per_meeting);
  json["predicted"] = predicted_json(plan);
  json["bottleneck"] = std::string(name_of(plan.rows.front().time.bottleneck()));
  json["recommended"] = advice_json(plan);
  json["rows"] = Json::array();
  for (const PlanRow& row : plan.rows) json["rows"].push_back(row_json(row));
  json["travels"] = Json::array();
  for (const PlanTravel& travel : plan.travels)
    json["travels"].push_back({{"name", travel.name},
                               {"hours", number(travel.time.total() / 3600)},
                               {"bytes_per_worker", known_bytes(travel.bytes_per_worker)}});
  json["scans"] = Json::array();
  for (const PlanScan& scan : plan.scans) json["scans"].push_back(scan_json(scan));
  json["asynchronous"] = async_json(plan);
  json["notes"] = plan.basis.notes;
  json["planning_seconds"] = plan.seconds;
  return json.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace muster::inline app
