#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <map>
#include <utility>

#include <spikeloom/error.hpp>
#include <spikeloom/run.hpp>

#include "host/cli/files.hpp"
#include "host/cli/run_command.hpp"

namespace spikeloom::cli {
namespace {

/// A line of the script before any file is read.
struct Line {
  std::string name, file;
  std::optional<std::string> input, output;
  std::int64_t step = 0;
  std::optional<std::int64_t> release;
  std::optional<std::uint32_t> window;
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
    for (const std::string& text : command.window_of) add_window(text);
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

  void add_window(const std::string& text) {
    const std::size_t equals = text.find('=');
    std::uint32_t steps = 0;
    const char* const end = text.data() + text.size();
    const char* const begin = equals == std::string::npos ? end : text.data() + equals + 1;
    const auto [stop, code] = std::from_chars(begin, end, steps);
    if (equals == 0 || code != std::errc() || stop != end || steps == 0) {
      problems_.add("--window-of " + text + ": expected NAME=STEPS, of 1 step or more");
    } else if (Line* line = named(text.substr(0, equals), "--window-of " + text)) {
      if (line->window) problems_.add("--window-of " + text + ": " + line->name + " has a window already");
      line->window = steps;
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

/// The image, and the milliseconds that reading it took.
std::pair<CompiledImage, double> timed_read(const std::string& file) {
  const auto begin = std::chrono::steady_clock::now();
  CompiledImage image = CompiledImage::read(file);
  const std::chrono::duration<double, std::milli> reading = std::chrono::steady_clock::now() - begin;
  return {std::move(image), reading.count()};
}

Visitor visitor_of(const Line& line, CompiledImage image, const ChipFile& chip) {
  const ChipFile own = image.chip();
  if (own.hash() != chip.hash())
    throw input_error(line.file + ": compiled for the chip " + own.name() +
                      "; the first application runs on " + chip.name() + "; compile one of them again");
  Dataset data = read_data(image, *line.input);
  return {.name = line.name,
          .image = std::move(image),
          .data = std::move(data),
          .step = line.step,
          .release = line.release,
          .window = line.window};
}

}  // namespace

int run_shared(const RunCommand& command) {
  const Script script(command);
  check_paths(command, script.lines());
  const auto [first, first_ms] = timed_read(command.image);
  std::map<std::string, double> reading_ms{{stem(command.image), first_ms}};  // by application
  std::vector<Visitor> visitors;
  for (const Line& line : script.lines()) {
    auto [image, milliseconds] = timed_read(line.file);
    visitors.push_back(visitor_of(line, std::move(image), first.chip()));
    reading_ms[line.name] = milliseconds;
  }
  const Dataset data = read_data(first, command.input, command.data);
  ProgressLine line;
  RunProgressLine progress;
  RunOptions options = run_options(command, line, progress);
  if (options.on_progress) options.on_progress = [&](const RunProgress& now) { line.show(now.what); };
  const std::vector<SharedStay> runs =
      spikeloom::run_shared(stem(command.image), first, data, visitors, options);
  line.show("");

  bool is_kept = true, is_short = true;
  for (const SharedStay& run : runs) {
    const bool is_first = &run == &runs.front();
    is_kept = is_kept && run.result.report.promises_kept();
    std::fputs(to_text(run).c_str(), stdout);
    std::printf("before the run: reading the image %.1f ms, verifying it %.1f ms", reading_ms[run.name],
                run.result.verifying_ms);
    if (!is_first) std::printf("; admitting it %.3f ms", run.binding_ms);
    std::printf("\n");
    if (is_first) is_short = is_period_short(command, run.result.report);
    const std::optional<std::string>& output = is_first ? command.output : script.line(run.name).output;
    if (output) write_outputs(*output, run.result.outputs);
  }
  if (command.json) write_text(*command.json, to_json(runs));
  return is_kept && is_short ? kYes : kNo;
}

}  // namespace spikeloom::cli
