#include "host/cli/run_command.hpp"

#include <chrono>
#include <cstdio>

#include <unistd.h>

#include <spikeloom/run.hpp>

#include "host/cli/files.hpp"

namespace spikeloom::cli {

RunOptions run_options(const RunCommand& command, ProgressLine& line, RunProgressLine& progress) {
  RunOptions options;
  options.device = command.device;
  options.trace = command.trace;
  options.record = command.record;
  options.decide = command.decide;
  options.window = command.window;
  options.exit = command.exit;
  options.exit_output = command.exit_output;
  options.exit_on = command.exit_on;
  options.trust = command.trust;
  options.quiet_limit = std::chrono::seconds(command.quiet_seconds);
  options.on_build = [&](double done, const std::string& what) {
    line.show(done < 0 ? what : what + " (" + std::to_string(static_cast<int>(done * 100)) + " %)");
  };
  if (isatty(STDERR_FILENO) != 0)
    options.on_progress = [&](const RunProgress& now) { line.show(progress.text(now)); };
  return options;
}

bool is_period_short(const RunCommand& command, const Report& report) {
  const std::optional<Ratio> period = mean_period(report);
  if (!command.max_period || !period || period->approximate() <= *command.max_period) return true;
  std::printf("period %s is above --max-period %g\n", period->str().c_str(), *command.max_period);
  return false;
}

int run(const RunCommand& command) {
  check_files(
      {{"the image", command.image},
       {"--input", command.input},
       {"--labels", command.data.labels ? std::optional<std::string>(*command.data.labels) : std::nullopt}},
      {{"--output", command.output}, {"--json", command.json}, {"--trace", command.trace}});
  if (!command.admit.empty() || !command.release.empty() || !command.input_of.empty() ||
      !command.window_of.empty() || !command.output_of.empty())
    return run_shared(command);
  const auto begin = std::chrono::steady_clock::now();
  const CompiledImage image = CompiledImage::read(command.image);
  const std::chrono::duration<double, std::milli> reading = std::chrono::steady_clock::now() - begin;
  ProgressLine line;
  RunProgressLine progress;
  const RunResult result =
      spikeloom::run(image, command.input, command.data, run_options(command, line, progress));
  line.show("");
  std::fputs(to_text(result.report, image).c_str(), stdout);
  std::printf("before the run: reading the image %.1f ms, ", reading.count());
  if (command.trust == ImageTrust::kFull)
    std::puts("not verifying it (--trust)");
  else
    std::printf("verifying it %.1f ms\n", result.verifying_ms);
  if (command.output) write_outputs(*command.output, result.outputs);
  if (command.json) write_text(*command.json, to_json(result.report, image));
  return result.report.promises_kept() && is_period_short(command, result.report) ? kYes : kNo;
}

}  // namespace spikeloom::cli
