#pragma once

#include <string>
#include <vector>

#include "muster/app/study/study_teacher_request.h"
#include "muster/report/study_page.h"

namespace muster::inline app {

/// What a study of the teacher found: outcomes[arm][seed].
struct TeacherResult {
  const TeacherRequest& request;
  std::vector<std::vector<TeacherOutcome>> outcomes;
  double seconds = 0;
};

/// Mean over seeds and its standard error (0 for one).
struct SeedMean {
  double mean = 0, standard_error = 0;
};
SeedMean seed_mean(const std::vector<double>& values);

/// One object (docs/json.md).
std::string teacher_json(const TeacherResult& result, int indent);
/// The answer in a sentence, and tables.
std::string teacher_text(const TeacherResult& result);
/// The page, with charts.
StudyPage teacher_page(const TeacherResult& result);

}  // namespace muster::inline app
