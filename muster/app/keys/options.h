#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "muster/choice/values.h"

namespace muster::inline app {

// What a user may ask for, by section: `steps` of RunSection is `[run] steps` in a file and `--run.steps` on
// the command line. Names of rules, models and the like are still text here; a catalogue holds the meaning,
// the unit and the range of every key. For each choice that the catalogue describes, a section holds the name
// of the chosen kind ("": the catalogue's default, until resolve() fills it in) and the given values of the
// kinds' fields. An empty optional was not given and has no value yet (see resolve.h).

struct RunSection {
  std::optional<int64_t> steps;
  std::optional<int64_t> epochs;
  std::optional<int64_t> workers;
  std::optional<int64_t> threads;
  int64_t seed = 1;
  std::optional<std::string> out;
  bool resume = false;
  std::optional<std::string> start_from;
  bool start_from_optimizer = false;
  std::string precision = "fp32";
  int64_t micro_batches = 1;
  std::optional<int64_t> loader_threads;
  bool verify = false;
  int64_t verify_every = 10;
  std::optional<std::string> probe;
  bool operator==(const RunSection&) const = default;
};

struct TaskSection {
  std::string name;
  std::optional<std::string> data;
  std::optional<std::string> test_data;
  std::string model;
  int64_t batch = 32;
  std::string norm = "batch";
  bool augment = true;
  double label_smoothing = 0;
  double label_noise = 0;
  std::string sampler;
  Values sampler_values;
  std::optional<int64_t> samples;
  std::optional<int64_t> test_samples;
  std::optional<int64_t> data_seed;
  int64_t classes = 10;
  std::vector<int64_t> hidden = {256, 256};
  bool operator==(const TaskSection&) const = default;
};

struct ImageSection {
  std::optional<int64_t> size;
  std::string activation = "relu";
  std::string pooling = "max";
  std::optional<int64_t> patch;
  int64_t randaugment = 0;
  int64_t randaugment_magnitude = 9;
  double mixup = 0;
  std::string broken = "error";
  bool operator==(const ImageSection&) const = default;
};

struct TextSection {
  std::string tokenizer = "bytes";
  std::string token_type = "uint16";
  std::optional<int64_t> vocabulary;
  int64_t context = 64;
  double test_fraction = 0.1;
  std::optional<std::string> document_separator;
  int64_t markov_order = 2;
  bool operator==(const TextSection&) const = default;
};

struct GptSection {
  int64_t layers = 4;
  int64_t width = 128;
  int64_t heads = 4;
  std::optional<int64_t> head_width;
  std::string positions = "learned";
  bool tied_head = true;
  double dropout = 0;
  bool operator==(const GptSection&) const = default;
};

struct ClustersSection {
  int64_t dimension = 512;
  int64_t per_class = 1;
  double noise = 0.5;
  bool operator==(const ClustersSection&) const = default;
};

struct ScheduleSection {
  std::string rule;
  Values values;
  bool operator==(const ScheduleSection&) const = default;
};

struct LearningRateSection {
  std::string shape;
  double peak = 0.1;
  double final = 1e-6;
  int64_t warmup_steps = 0;
  std::vector<int64_t> milestones;
  std::optional<int64_t> hold_from;
  double decay = 0.1;
  bool operator==(const LearningRateSection&) const = default;
};

struct InnerSection {
  std::string optimizer;
  Values values;
  std::optional<double> clip;
  std::string at_meeting = "keep";
  bool operator==(const InnerSection&) const = default;
};

struct OuterSection {
  std::string optimizer;
  Values values;
  bool operator==(const OuterSection&) const = default;
};

struct CommSection {
  std::string links = "auto";
  std::optional<std::string> interface;
  int64_t slice_mib = 4;
  int64_t deadline = 1800;
  std::string codec;
  Values codec_values;
  int64_t group_size = 1;
  int64_t inner_period = 1;
  std::string overlap = "none";
  std::optional<int64_t> delay;
  std::string merge;
  Values merge_values;
  int64_t fragments = 1;
  bool operator==(const CommSection&) const = default;
};

struct ElasticSection {
  std::optional<int64_t> min_workers;
  double deadline = 10;
  bool operator==(const ElasticSection&) const = default;
};

struct AsyncSection {
  std::string outer;
  Values outer_values;
  std::optional<double> weight;
  double staleness_power = 0;
  std::optional<int64_t> staleness_threshold;
  double delay_compensation = 0;
  double max_norm = 0;
  std::string outlier = "warn";
  int64_t local_steps = 50;
  bool dynamic_local_updates = false;
  double speed_quantile = 1;
  bool measure_speeds = false;
  double grace = 0;
  std::optional<int64_t> shards;
  std::string shard_sampling = "progress";
  bool reset_optimizer = false;
  bool first_step_at_peak = false;
  std::vector<double> seconds_per_step = {0.58, 0.75, 1.51, 3.33};
  double speed_spread = 0;
  std::optional<std::string> speed_trace;
  std::optional<std::string> failures;
  std::optional<double> bandwidth;
  double latency = 0;
  std::optional<int64_t> message_bytes;
  std::optional<int64_t> train_samples;
  std::optional<std::string> record;
  bool operator==(const AsyncSection&) const = default;
};

struct ServeSection {
  std::string address = "127.0.0.1:7077";
  std::optional<std::string> certificate;
  std::optional<std::string> key;
  std::optional<std::string> authority;
  std::optional<std::string> token_file;
  bool allow_plaintext_beyond_loopback = false;
  int64_t start_with = 1;
  int64_t most_workers = 64;
  std::optional<int64_t> most_pushes;
  std::string pull_codec;
  int64_t part_kib = 1024;
  double patience = 20;
  double beat = 5;
  double lease = 60;
  double give_up_after = 600;
  double linger = 20;
  int64_t snapshot_every = 100;
  bool keep_events = false;
  bool operator==(const ServeSection&) const = default;
};

struct EvaluationSection {
  std::optional<int64_t> every;
  bool between_meetings = true;
  int64_t batch = 250;
  int64_t statistics_batches = 64;
  bool operator==(const EvaluationSection&) const = default;
};

struct CheckpointSection {
  int64_t every = 500;
  int64_t keep = 2;
  bool operator==(const CheckpointSection&) const = default;
};

struct Configuration {
  RunSection run;
  TaskSection task;
  ImageSection image;
  TextSection text;
  GptSection gpt;
  ClustersSection clusters;
  ScheduleSection schedule;
  LearningRateSection learning_rate;
  InnerSection inner;
  OuterSection outer;
  CommSection comm;
  ElasticSection elastic;
  AsyncSection async;
  ServeSection serve;
  EvaluationSection evaluation;
  CheckpointSection checkpoint;
  bool operator==(const Configuration&) const = default;
};

}  // namespace muster::inline app
