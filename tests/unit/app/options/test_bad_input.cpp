// Every kind of input that must be refused before any work: one line that names field, value and remedy.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "muster/app/commands/commands.h"
#include "muster/app/options/toml_file.h"
#include "muster/base/error.h"
#include "tests/support/built_in.h"

namespace muster {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Words = std::vector<std::string>;

struct BadInput {
  const char* name;
  Words words;
  const char* field;
  const char* value;
  const char* remedy;
};

std::ostream& operator<<(std::ostream& out, const BadInput& bad) { return out << bad.name; }

class BadWords : public ::testing::TestWithParam<BadInput> {};

TEST_P(BadWords, AreRefusedInOneLineWithFieldValueAndRemedy) {
  const BadInput& bad = GetParam();
  try {
    read_train_request(catalogue, bad.words);
    FAIL() << "was accepted";
  } catch (const OptionError& error) {
    const std::string message = error.what();
    EXPECT_THAT(message, HasSubstr(std::string(bad.field) + " = " + bad.value + ": "));
    EXPECT_THAT(message.substr(message.find(": ") + 2), HasSubstr(bad.remedy));
    EXPECT_THAT(message, Not(HasSubstr("\n")));
  }
}

const BadInput types[] = {
    {"word_for_integer", {"--run.steps", "many"}, "run.steps", "many", "whole number"},
    {"fraction_for_integer", {"--run.steps", "1.5"}, "run.steps", "1.5", "whole number"},
    {"exponent_for_integer", {"--run.steps", "1e3"}, "run.steps", "1e3", "whole number"},
    {"trailing_letters", {"--run.steps", "12x"}, "run.steps", "12x", "whole number"},
    {"integer_overflow", {"--run.seed", "9223372036854775808"}, "run.seed", "9223372036854775808", "64 bits"},
    {"real_overflow", {"--peak", "1e999"}, "learning_rate.peak", "1e999", "double-precision"},
    {"not_a_number", {"--peak", "nan"}, "learning_rate.peak", "nan", "finite"},
    {"infinite", {"--growth", "inf"}, "schedule.growth", "inf", "finite"},
    {"infinite_in_list", {"--band", "0.7,inf"}, "schedule.band", "0.7,inf", "finite"},
    {"two_signs", {"--growth", "+-1"}, "schedule.growth", "+-1", "a number"},
    {"empty_number", {"--run.steps="}, "run.steps", "''", "whole number"},
    {"empty_text", {"--run.out="}, "run.out", "''", "not be empty"},
    {"word_for_boolean", {"--run.resume=maybe"}, "run.resume", "maybe", "true or false"},
    {"number_for_boolean", {"--augment", "1"}, "task.augment", "1", "true or false"},
    {"word_in_list", {"--milestones", "10,x"}, "learning_rate.milestones", "10,x", "separated by commas"},
    {"list_ends_in_comma", {"--milestones", "10,"}, "learning_rate.milestones", "10,", "separated by commas"},
    {"line_feed_in_value", {"--run.steps", "1\n2"}, "run.steps", "1\\x0a2", "whole number"},
};

const BadInput ranges[] = {
    {"no_steps", {"--run.steps", "0"}, "run.steps", "0", ">= 1"},
    {"negative_epochs", {"--epochs", "-3"}, "run.epochs", "-3", ">= 1"},
    {"no_workers", {"--workers", "0"}, "run.workers", "0", ">= 1"},
    {"no_threads", {"--threads", "0"}, "run.threads", "0", ">= 1"},
    {"negative_seed", {"--seed", "-1"}, "run.seed", "-1", ">= 0"},
    {"empty_batch", {"--task.batch", "0"}, "task.batch", "0", ">= 1"},
    {"one_class", {"--classes", "1"}, "task.classes", "1", ">= 2"},
    {"no_period", {"--base_period", "0"}, "schedule.base_period", "0", ">= 1"},
    {"negative_growth", {"--growth", "-0.1"}, "schedule.growth", "-0.1", ">= 0"},
    {"zero_exponent", {"--exponent", "0"}, "schedule.exponent", "0", "> 0"},
    {"whole_run_sampled", {"--sampling_fraction", "1"}, "schedule.sampling_fraction", "1", "< 1"},
    {"condition_below_one", {"--condition_number", "0.5"}, "schedule.condition_number", "0.5", ">= 1"},
    {"zero_peak", {"--peak", "0"}, "learning_rate.peak", "0", "> 0"},
    {"zero_final", {"--final", "0"}, "learning_rate.final", "0", "> 0"},
    {"negative_warmup", {"--warmup_steps", "-1"}, "learning_rate.warmup_steps", "-1", ">= 0"},
    {"milestone_at_zero", {"--milestones", "0,5"}, "learning_rate.milestones", "0,5", ">= 1"},
    {"growing_rate", {"--decay", "2"}, "learning_rate.decay", "2", "<= 1"},
    {"momentum_one", {"--inner.momentum", "1"}, "inner.momentum", "1", "< 1"},
    {"zero_clip", {"--clip", "0"}, "inner.clip", "0", "> 0"},
    {"negative_decay", {"--weight_decay", "-1e-4"}, "inner.weight_decay", "-0.0001", ">= 0"},
    {"keep_no_checkpoint", {"--keep", "0"}, "checkpoint.keep", "0", ">= 1"},
    {"tiny_image", {"--image.size", "7"}, "image.size", "7", ">= 8"},
    {"too_many_operations", {"--randaugment", "15"}, "image.randaugment", "15", "<= 14"},
    {"too_strong", {"--randaugment_magnitude", "31"}, "image.randaugment_magnitude", "31", "<= 30"},
    {"negative_mixup", {"--mixup", "-1"}, "image.mixup", "-1", ">= 0"},
    {"certain_noise", {"--label_noise", "1.5"}, "task.label_noise", "1.5", "<= 1"},
    {"zero_alpha", {"--dirichlet_alpha", "0"}, "task.dirichlet_alpha", "0", "> 0"},
    {"negative_loaders", {"--loader_threads", "-1"}, "run.loader_threads", "-1", ">= 0"},
    {"negative_evaluation", {"--evaluation.every", "-1"}, "evaluation.every", "-1", ">= 0"},
};

const BadInput names[] = {
    {"unknown_rule", {"--rule", "qrs"}, "schedule.rule", "qrs", "did you mean qsr?"},
    {"unknown_model", {"--model", "resnet9"}, "task.model", "resnet9", "did you mean resnet8?"},
    {"unknown_task", {"--task.name", "cifar"}, "task.name", "cifar", "did you mean cifar10?"},
    {"unknown_sampler", {"--sampler", "dirichlt"}, "task.sampler", "dirichlt", "did you mean dirichlet?"},
    {"unknown_broken", {"--broken", "skp"}, "image.broken", "skp", "did you mean skip?"},
    {"unknown_shape", {"--shape", "cosin"}, "learning_rate.shape", "cosin", "did you mean cosine?"},
    {"unknown_theory", {"--theory", "stitch"}, "schedule.theory", "stitch", "did you mean stich?"},
    {"unknown_optimizer", {"--inner.optimizer", "adam"}, "inner.optimizer", "adam", "did you mean adamw?"},
    {"unknown_outer", {"--outer.optimizer", "slomo"}, "outer.optimizer", "slomo", "did you mean slowmo?"},
    {"unknown_word_far_away",
     {"--at_meeting", "xyzzyx"},
     "inner.at_meeting",
     "xyzzyx",
     "keep, average, reset"},
    {"unknown_key",
     {"--schedule.base_perod", "8"},
     "schedule.base_perod",
     "8",
     "did you mean schedule.base_period?"},
    {"key_in_wrong_section", {"--train.steps", "8"}, "train.steps", "8", "did you mean run.steps?"},
    {"hyphens_misspelt", {"--base-perod", "8"}, "base-perod", "8", "did you mean schedule.base_period?"},
    {"key_of_nothing", {"--qqqqqqqq.zzzzzzz", "8"}, "qqqqqqqq.zzzzzzz", "8", "muster train --help"},
    {"ambiguous_key", {"--momentum", "0.5"}, "momentum", "0.5", "inner.momentum or outer.momentum"},
    {"misspelt_flag", {"--jsn"}, "--jsn", "(no value)", "did you mean --json?"},
    {"one_dash", {"-run.steps", "5"}, "command line", "-run.steps", "two dashes"},
    {"missing_value", {"--run.steps"}, "--run.steps", "(no value)", "whole number"},
    {"flag_for_value", {"--run.steps", "--json"}, "--run.steps", "(no value)", "whole number"},
    {"value_for_flag", {"--json=yes"}, "--json", "yes", "no value"},
    {"missing_file", {"/nowhere/c.toml"}, "CONFIG", "/nowhere/c.toml", "give the path of a TOML file"},
    {"folder_for_file", {"/"}, "CONFIG", "/", "give the path of a TOML file"},
    {"two_files", {"a.toml", "b.toml"}, "command line", "b.toml", "one file is enough"},
};

const BadInput contradictions[] = {
    {"two_lengths", {"--steps", "5", "--epochs", "2"}, "run.epochs", "2", "contradicts run.steps = 5"},
    {"no_switch",
     {"--rule", "post_local"},
     "schedule.switch_step",
     "(not given)",
     "rule post_local needs it"},
    {"no_swap_switch", {"--rule", "swap"}, "schedule.switch_step", "(not given)", "rule swap needs it"},
    {"late_switch",
     {"--rule", "swap", "--steps", "100", "--switch_step", "100"},
     "schedule.switch_step",
     "100",
     "the run has 100 steps"},
    {"late_adaptive_switch",
     {"--rule", "adaptive", "--steps", "100", "--switch_step", "100"},
     "schedule.switch_step",
     "100",
     "the run has 100 steps"},
    {"late_hold",
     {"--steps", "100", "--hold_from", "100"},
     "learning_rate.hold_from",
     "100",
     "the run has 100 steps"},
    {"early_hold",
     {"--steps", "100", "--warmup_steps", "20", "--hold_from", "10"},
     "learning_rate.hold_from",
     "10",
     "end of warm-up at step 20"},
    {"long_warmup",
     {"--steps", "100", "--warmup_steps", "101"},
     "learning_rate.warmup_steps",
     "101",
     "100 steps"},
    {"no_pieces", {"--rule", "piecewise"}, "schedule.pieces", "(not given)", "0:4,1000:16"},
    {"pieces_start_late", {"--rule", "piecewise", "--pieces", "5:4"}, "schedule.pieces", "5:4", "step 0"},
    {"pieces_fall", {"--rule", "piecewise", "--pieces", "0:4,0:5"}, "schedule.pieces", "0:4,0:5", "rise"},
    {"pieces_without_file", {"--pieces", "no.csv"}, "schedule.pieces", "no.csv", "No such file"},
    {"band_reversed", {"--band", "1.3,0.7"}, "schedule.band", "1.3,0.7", "the lower first"},
    {"band_of_three", {"--band", "1,2,3"}, "schedule.band", "1,2,3", "two numbers"},
    {"small_maximum",
     {"--rule", "loss", "--base_period", "8", "--max_period", "4"},
     "schedule.max_period",
     "4",
     "schedule.base_period = 8"},
    {"two_intervals",
     {"--rule", "loss", "--interval", "5", "--interval_seconds", "5"},
     "schedule.interval_seconds",
     "5",
     "leave one out"},
    {"no_interval", {"--rule", "loss", "--interval", "0"}, "schedule.interval", "0", ">= 1"},
    {"fallback_of_one", {"--rule", "loss", "--fallback", "1"}, "schedule.fallback", "1", "< 1"},
    {"final_above_peak", {"--final", "1"}, "learning_rate.final", "1", "at most learning_rate.peak = 0.1"},
    {"steps_without_milestones", {"--shape", "step"}, "learning_rate.milestones", "(not given)", "1000,1500"},
    {"milestones_without_steps", {"--milestones", "10"}, "learning_rate.milestones", "10", "use shape step"},
    {"milestones_fall",
     {"--shape", "step", "--milestones", "20,10"},
     "learning_rate.milestones",
     "20,10",
     "must rise"},
    {"late_milestone",
     {"--shape", "step", "--steps", "100", "--milestones", "50,100"},
     "learning_rate.milestones",
     "50,100",
     "the run has 100 steps"},
    {"nesterov_without_momentum",
     {"--nesterov", "--inner.momentum", "0"},
     "inner.nesterov",
     "true",
     "inner.momentum above 0"},
    {"nesterov_with_dampening",
     {"--nesterov", "--dampening", "0.1"},
     "inner.nesterov",
     "true",
     "dampening = 0"},
    {"momentum_of_average", {"--outer.momentum", "0.9"}, "outer.momentum", "0.9", "slowmo or nesterov"},
    {"rate_of_average", {"--outer.learning_rate", "0.7"}, "outer.learning_rate", "0.7", "slowmo or nesterov"},
    {"outer_of_every_step",
     {"--rule", "every_step", "--outer.optimizer", "slowmo"},
     "outer.optimizer",
     "slowmo",
     "rule constant"},
    {"resume_nothing", {"--resume"}, "run.resume", "true", "needs run.out"},
    {"optimizer_of_nothing",
     {"--start_from_optimizer"},
     "run.start_from_optimizer",
     "true",
     "run.start_from"},
    {"cifar_without_data",
     {"--task.name", "cifar10"},
     "task.data",
     "(not given)",
     "folder of its binary files"},
    {"data_without_cifar", {"--task.data", "d"}, "task.data", "d", "task.name cifar10"},
    {"data_seed_of_files",
     {"--task.name", "cifar10", "--task.data", "d", "--task.data_seed", "2"},
     "task.data_seed",
     "2",
     "whose data come from files"},
    {"folder_without_data", {"--task.name", "folder"}, "task.data", "(not given)", "train/ and val/"},
    {"test_data_of_generated",
     {"--task.test_data", "d"},
     "task.test_data",
     "d",
     "is not read by task.name = generated"},
    {"size_of_generated", {"--image.size", "64"}, "image.size", "64", "keep their size"},
    {"text_model_for_images", {"--model", "gpt"}, "task.model", "gpt", "needs one for images"},
    {"documents_of_images", {"--sampler", "by_document"}, "task.sampler", "by_document", "use by_class"},
    {"classes_of_text",
     {"--task.name", "markov", "--model", "gpt", "--sampler", "dirichlet"},
     "task.sampler",
     "dirichlet",
     "use by_document or shard"},
    {"mixup_of_text",
     {"--task.name", "markov", "--model", "gpt", "--mixup", "0.2"},
     "image.mixup",
     "0.2",
     "applies to images"},
    {"label_noise_of_text",
     {"--task.name", "markov", "--model", "gpt", "--label_noise", "0.1"},
     "task.label_noise",
     "0.1",
     "applies to images"},
    {"randaugment_of_text",
     {"--task.name", "markov", "--model", "gpt", "--randaugment", "2"},
     "image.randaugment",
     "2",
     "applies to images"},
    {"too_few_samples",
     {"--workers", "4", "--samples", "100"},
     "task.batch",
     "32",
     "4 workers would take 128 samples in a step, but there are 100"},
};

std::string case_name(const ::testing::TestParamInfo<BadInput>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(Types, BadWords, ::testing::ValuesIn(types), case_name);
INSTANTIATE_TEST_SUITE_P(Ranges, BadWords, ::testing::ValuesIn(ranges), case_name);
INSTANTIATE_TEST_SUITE_P(Names, BadWords, ::testing::ValuesIn(names), case_name);
INSTANTIATE_TEST_SUITE_P(Contradictions, BadWords, ::testing::ValuesIn(contradictions), case_name);

struct BadFile {
  const char* name;
  const char* content;
  const char* field_and_value;
  const char* remedy;
};

std::ostream& operator<<(std::ostream& out, const BadFile& bad) { return out << bad.name; }

class BadToml : public ::testing::TestWithParam<BadFile> {};

TEST_P(BadToml, IsRefused) {
  try {
    read_toml(catalogue, GetParam().content, "c.toml");
    FAIL() << "was accepted";
  } catch (const OptionError& error) {
    EXPECT_THAT(error.what(), HasSubstr(std::string(GetParam().field_and_value) + ": "));
    EXPECT_THAT(error.what(), HasSubstr(GetParam().remedy));
    EXPECT_THAT(error.what(), Not(HasSubstr("\n")));
  }
}

const BadFile files[] = {
    {"no_toml", "[run]\nsteps 5\n", "CONFIG = c.toml:2", "is no TOML"},
    {"twice", "[run]\nsteps = 5\nsteps = 6\n", "CONFIG = c.toml:3", "is no TOML"},
    {"unknown_section", "[runn]\nsteps = 5\n", "runn.steps = 5", "did you mean run.steps?"},
    {"unknown_key", "[schedule]\nperiod = 5\n", "schedule.period = 5", "there is no such key"},
    {"text_for_integer", "[run]\nsteps = \"5\"\n", "run.steps = '5'", "whole number"},
    {"real_for_integer", "[run]\nsteps = 5.0\n", "run.steps = 5", "whole number"},
    {"integer_for_boolean", "[run]\nresume = 1\n", "run.resume = 1", "true or false"},
    {"number_for_text", "[schedule]\nrule = 4\n", "schedule.rule = 4", "a text"},
    {"infinite", "[learning_rate]\npeak = inf\n", "learning_rate.peak = inf", "finite"},
    {"not_a_number", "[schedule]\nband = [0.7, nan]\n", "schedule.band = [0.7, nan]", "finite"},
    {"mixed_list", "[schedule]\nband = [0.7, \"x\"]\n", "schedule.band = [0.7, 'x']", "separated by commas"},
    {"scalar_for_list", "[schedule]\nband = 0.7\n", "schedule.band = 0.7", "separated by commas"},
    {"date", "[run]\nsteps = 2020-01-01\n", "run.steps = 2020-01-01", "whole number"},
    {"table", "[run.steps]\nmany = 1\n", "run.steps = {many = 1}", "whole number"},
    {"json", "\n { \"run\": {\"steps\": 5} }", "CONFIG = c.toml", "is JSON"},
    {"yaml", "# comment\nrun:\n  steps: 5\n", "CONFIG = c.toml", "looks like YAML"},
    {"flags", "--run.steps 5\n", "CONFIG = c.toml", "flags of a command line"},
    {"page", "<!DOCTYPE html>\n", "CONFIG = c.toml", "HTML"},
    {"gzip", "\x1f\x8b\x08", "CONFIG = c.toml", "gunzip"},
    {"pickle", "\x80\x04\x95", "CONFIG = c.toml", "Python pickle"},
    {"latin_1", "[run]\nout = \"na\xefve\"\n", "CONFIG = c.toml", "no text in UTF-8 (line 2)"},
    {"empty_key", "[run]\n\"\" = 5\n", "run. = 5", "there is no such key"},
    {"too_large", "[run]\nsteps = 99999999999999999999\n", "CONFIG = c.toml:2", "is no TOML"},
};

std::string repeated(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

// A parser and a tree that call themselves for each part would not survive these.
TEST(Toml, MayBeDeepAndLong) {
  constexpr int many = 50'000;
  const std::pair<std::string, const char*> cases[] = {
      {repeated("a", many) + " = 1\n", "there is no such key"},
      {"[run]\n" + repeated("a", many) + " = 1\n", "there is no such key"},
      {"[run]\n" + repeated("a.", many) + "a = 1\n", "c.toml:2: holds a key of more than"},
      {"x = 1\n[" + repeated("\"a\" . ", many) + "a]\n", "c.toml:2: holds a key of more than"},
      {"[[" + repeated("a.", many) + "a]]\n", "holds a key of more than"},
      {"[run]\nsteps = {" + repeated("a.", many) + "a = 1}\n", "holds a key of more than"},
      {"[run]\nsteps = " + repeated("{a.a.a.a.a.a.a.a.a.a = ", 200) + "1" + repeated("}", 200) + "\n",
       "whole number"},
      {"[run]\nsteps = " + repeated("[", many) + repeated("]", many) + "\n", "is no TOML"},
      {"[learning_rate]\nmilestones = [" + repeated("1, ", 300'000) + "\"x\"]\n", "separated by commas"},
      {"[task]\nname = \"" + repeated("b", 10 * many) + "\"\n", "must be one of"},
  };
  for (const auto& [text, told] : cases) {
    try {
      Configuration configuration;
      for (const FileSetting& setting : read_toml(catalogue, text, "c.toml"))
        catalogue.find_key(setting.name, "").set(configuration, setting.value);
      ADD_FAILURE() << "was accepted: " << text.substr(0, 40);
    } catch (const Error& error) {
      const std::string message = error.what();
      EXPECT_THAT(message, HasSubstr(told));
      EXPECT_LT(message.size(), 500U);
    }
  }
}

TEST(Toml, MayHaveManyDotsOutsideOfKeys) {
  const std::string dots = repeated("a.", 100);
  const std::string text = "# " + dots + "\n[run]\nout = \"" + dots + "\\\"" + dots +
                           "\"\n[task]\ndata = '''" + dots + "'\n''" + dots + "'''\n[schedule]\nband = [" +
                           repeated("0.5, ", 100) + "]\n";
  EXPECT_EQ(read_toml(catalogue, text, "c.toml").size(), 3U);
}

TEST(Toml, MayBeginWithAByteOrderMark) {
  EXPECT_EQ(read_toml(catalogue, "\xef\xbb\xbf[run]\nsteps = 5\n", "c.toml").size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(Files, BadToml, ::testing::ValuesIn(files),
                         [](const auto& bad) { return std::string(bad.param.name); });

}  // namespace
}  // namespace muster
