#include <algorithm>
#include <charconv>
#include <cstdio>
#include <filesystem>

#include <nlohmann/json.hpp>

#include "compiler/base/error.hpp"
#include "compiler/replay/stimulus.hpp"
#include "host/cli/files.hpp"
#include "host/cli/progress_line.hpp"
#include "host/cli/run_report.hpp"
#include "host/device/devices.hpp"
#include "host/run/shared_plan.hpp"

namespace spikeloom::cli {
namespace {

/// A line of the script before any file is read.
struct Line {
  std::string name, file;
  std::optional<std::string> input, output;
  std::int64_t step = 0;
  std::optional<std::int64_t> release;
};

std::string stem(const std::string& file) { return std::filesystem::path(file).stem().string(); }

/// "TEXT@STEP"
std::optional<std::pair<std::string, std::int64_t>> split_step(const std::string& text) {
  const std::size_t at = text.rfind('@');
  if (at == std::string::npos || at == 0) return std::nullopt;
  std::int64_t step = 0;
  const char* end = text.data() + text.size();
  const auto [stop, code] = std::from_chars(text.data() + at + 1, end, step);
  if (code != std::errc() || stop != end || step < 0) return std::nullopt;
  return std::pair{text.substr(0, at), step};
}

class Script {
 public:
  explicit Script(const RunCommand& command) {
    for (const std::string& text : command.admit) add_entry(text);
    for (const std::string& text : command.release) add_release(text);
    add_files(command.input_of, "--input-of",
              [](Line& line) -> std::optional<std::string>& { return line.input; });
    add_files(command.output_of, "--output-of",
              [](Line& line) -> std::optional<std::string>& { return line.output; });
    for (const Line& line : lines_)
      if (!line.input)
        problems_.add("--admit " + line.name + ": no input data; expected --input-of " + line.name + "=FILE");
    if (!command.record.empty())
      problems_.add(
          "--record: only where one application runs; compile it with --record, and it is an output");
    problems_.throw_if_any("run");
  }
  [[nodiscard]] const std::vector<Line>& lines() const { return lines_; }
  [[nodiscard]] const Line& line(const std::string& name) const {
    return *std::find_if(lines_.begin(), lines_.end(), [&](const Line& line) { return line.name == name; });
  }

 private:
  void add_entry(const std::string& text) {
    const auto split = split_step(text);
    if (!split) {
      problems_.add("--admit " + text + ": expected [NAME=]APP.loom@STEP, such as keywords.loom@100");
      return;
    }
    const std::size_t equals = split->first.find('=');
    Line line;
    line.file = equals == std::string::npos ? split->first : split->first.substr(equals + 1);
    line.name = equals == std::string::npos ? stem(line.file) : split->first.substr(0, equals);
    line.step = split->second;
    if (line.name.empty() || line.file.empty()) {
      problems_.add("--admit " + text + ": expected [NAME=]APP.loom@STEP, such as keywords.loom@100");
      return;
    }
    if (find(line.name) != nullptr)
      problems_.add("--admit " + text + ": two applications are called " + line.name +
                    "; name one: NAME=" + line.file + "@STEP");
    lines_.push_back(std::move(line));
  }

  void add_release(const std::string& text) {
    const auto split = split_step(text);
    if (!split) {
      problems_.add("--release " + text + ": expected NAME@STEP");
    } else if (Line* line = named(split->first, "--release " + text)) {
      if (line->release) problems_.add("--release " + text + ": " + line->name + " is released twice");
      line->release = split->second;
    }
  }

  template <class Member>
  void add_files(const std::vector<std::string>& texts, const std::string& option, const Member& member) {
    for (const std::string& text : texts) {
      const std::size_t equals = text.find('=');
      if (equals == std::string::npos || equals == 0 || equals + 1 == text.size()) {
        problems_.add(option + " " + text + ": expected NAME=FILE");
      } else if (Line* line = named(text.substr(0, equals), option + " " + text)) {
        std::optional<std::string>& file = member(*line);
        if (file) problems_.add(option + " " + text + ": " + line->name + " has " + *file + " already");
        file = text.substr(equals + 1);
      }
    }
  }

  Line* find(const std::string& name) {
    const auto found =
        std::find_if(lines_.begin(), lines_.end(), [&](const Line& line) { return line.name == name; });
    return found == lines_.end() ? nullptr : &*found;
  }

  Line* named(const std::string& name, const std::string& what) {
    Line* line = find(name);
    if (line != nullptr) return line;
    std::string known;
    for (const Line& one : lines_) known += (known.empty() ? "" : ", ") + one.name;
    problems_.add(what + ": no application \"" + name + "\" is admitted" +
                  (known.empty() ? "; expected --admit [NAME=]APP.loom@STEP" : "; there are " + known));
    return nullptr;
  }

  std::vector<Line> lines_;
  Problems problems_;
};

void check_paths(const RunCommand& command, const std::vector<Line>& lines) {
  std::vector<FileOption> inputs{{"the image", command.image}, {"--input", command.input}};
  std::vector<FileOption> outputs{
      {"--output", command.output}, {"--json", command.json}, {"--trace", command.trace}};
  for (const Line& line : lines) {
    inputs.push_back({"--admit", line.file});
    inputs.push_back({"--input-of " + line.name, line.input});
    outputs.push_back({"--output-of " + line.name, line.output});
  }
  check_files(inputs, outputs);
}

Entering read_line(const Line& line, const Chip& chip) {
  Entering entering;
  entering.name = line.name;
  entering.image = read_image(line.file);
  if (chip_hash(entering.image.chip) != chip_hash(chip))
    throw input_error(line.file + ": compiled for the chip " + entering.image.chip.name +
                      "; the first application runs on " + chip.name + "; compile one of them again");
  entering.data = read_dataset(*line.input, input_ports(entering.image), reading_for(entering.image, {}));
  entering.step = line.step;
  entering.release = line.release;
  return entering;
}

std::string stay_text(const PlannedStay& stay) {
  std::string text = "\n== " + stay.name + ": enters before step " + std::to_string(stay.enters);
  if (stay.enters != stay.wanted)
    text += " (not " + std::to_string(stay.wanted) + ": another start was under way)";
  text += ", cycle 0 is the chip's " + std::to_string(stay.origin);
  text += stay.gives_back ? ", its tiles are free again before step " + std::to_string(*stay.gives_back)
                          : ", keeps its tiles to the end";
  return text + " ==\npoint: " + stay.point + "\n";
}

nlohmann::ordered_json stay_json(const PlannedStay& stay, const std::string& report) {
  nlohmann::ordered_json json;
  json["name"] = stay.name;
  json["enters_before_step"] = stay.enters;
  json["origin_cycle"] = stay.origin;
  json["gives_back_before_step"] =
      stay.gives_back ? nlohmann::ordered_json(*stay.gives_back) : nlohmann::ordered_json(nullptr);
  json["point"] = stay.point;
  json["report"] = nlohmann::ordered_json::parse(report);
  return json;
}

}  // namespace

int run_shared(const RunCommand& command) {
  const Script script(command);
  check_paths(command, script.lines());
  Image first = read_image(command.image);
  const Chip chip = first.chip;
  std::vector<Entering> entering;
  for (const Line& line : script.lines()) entering.push_back(read_line(line, chip));
  Dataset data = read_dataset(command.input, input_ports(first), reading_for(first, command.data));
  ProgressLine progress;
  progress.show("replay");
  SharedPlan plan = plan_shared(stem(command.image), std::move(first), std::move(data), std::move(entering));

  const std::unique_ptr<Link> link =
      open_device(device_string(command), chip, [&](double done, const std::string& what) {
        progress.show(done < 0 ? what : what + " (" + std::to_string(static_cast<int>(done * 100)) + " %)");
      });
  SharedOptions options;
  options.quiet_limit = std::chrono::seconds(command.quiet_seconds);
  options.on_steps = [&](const std::vector<std::int64_t>& ended) {
    std::string text;
    for (std::size_t i = 0; i < ended.size(); ++i)
      text += (i == 0 ? "" : ", ") + plan.stays[i].name + ": step " + std::to_string(ended[i]);
    progress.show(text);
  };
  std::vector<DeviceRun> runs = run_shared(*link, plan.script(), options);
  progress.show("");

  bool is_kept = true, is_short = true;
  auto applications = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < plan.stays.size(); ++i) {
    const PlannedStay& stay = plan.stays[i];
    Report report;
    report.device = link->describe();
    describe_run({command, stay.image, stay.data, stay.replay, &runs[i], stay.synaptic_operations}, report);
    const Line* line = i > 0 ? &script.line(stay.name) : nullptr;
    if (line != nullptr) report.image = line->file;
    decide_samples(command, stay.image, stay.data, runs[i], report);
    is_kept = is_kept && report.promises_kept();
    std::fputs((stay_text(stay) + to_text(report, stay.image)).c_str(), stdout);
    if (command.json) applications.push_back(stay_json(stay, to_json(report, stay.image)));
    if (i == 0) is_short = is_period_short(command, report);
    const std::optional<std::string>& output = line != nullptr ? line->output : command.output;
    if (output) write_outputs(*output, runs[i].outputs);
  }
  if (command.json) {
    nlohmann::ordered_json json;
    json["schema"] = kReportSchema;
    json["applications"] = std::move(applications);
    write_text(*command.json, json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
  }
  return is_kept && is_short ? kYes : kNo;
}

}  // namespace spikeloom::cli
