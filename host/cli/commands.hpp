// The subcommands of `spikeloom`, each a function from its options to an exit code.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <spikeloom/compile_options.hpp>
#include <spikeloom/emulate.hpp>
#include <spikeloom/run.hpp>

namespace spikeloom::cli {

inline constexpr int kYes = 0;
inline constexpr int kNo = 1;
inline constexpr int kBadInput = 2;
inline constexpr int kDevice = 3;

/// What --chip takes instead of a file: the smallest chip that is shipped and holds the network.
inline constexpr const char* kAutoChip = "auto";

struct CheckCommand {
  std::string network;
  std::optional<std::string> chip;
  CompileOptions compile;
};
int run(const CheckCommand& command);

struct CompileCommand {
  std::string network, chip, output;
  CompileOptions compile;
  std::optional<double> max_period;  ///< cycles
  std::optional<std::string> json;
};
int run(const CompileCommand& command);

struct ExplainCommand {
  std::string network, chip;
  CompileOptions compile;
  std::optional<std::string> json;
};
int run(const ExplainCommand& command);

struct RunCommand {
  std::string image, input;
  std::string device = "model";
  std::optional<std::string> output, json, trace;
  std::vector<std::string> record;               ///< NODE:spikes or NODE:v
  std::vector<std::string> admit, release;       ///< [NAME=]FILE@STEP; NAME@STEP
  std::vector<std::string> input_of, output_of;  ///< NAME=FILE
  std::vector<std::string> window_of;            ///< NAME=STEPS
  std::optional<std::string> decide;
  DatasetOptions data;
  std::optional<double> max_period;
  std::uint32_t window = 0;
  std::optional<std::string> exit, exit_output;
  ExitOn exit_on = ExitOn::kHost;
  unsigned quiet_seconds = 120;
  ImageTrust trust = ImageTrust::kNone;
};
int run(const RunCommand& command);

/// The memories of a chip and the FPGAs that hold them.
int show_chip(const std::string& chip, const std::optional<std::string>& json);

struct VerifyCommand {
  std::string image;
  std::optional<std::string> network, calibrate, json;
  Semantics semantics;  ///< of the network, where not as the image recorded
};
int run(const VerifyCommand& command);

/// An application that was compiled onto a chip that others use.
struct AdmitCommand {
  std::string state, image;
  std::optional<std::string> chip, name, output, json;
  std::optional<Ratio> max_period;  ///< cycles a step
  bool greedy = false;
};
int run(const AdmitCommand& command);
int release_resident(const std::string& state, const std::string& name);
int show_residents(const std::string& state, const std::optional<std::string>& json);

/// `spikeloom dataflow …`: dataflow graphs by themselves, without a network.
struct DataflowCommand {
  std::string graph;
  std::optional<std::string> application;     ///< of an SDF3 file with several; default: the first
  std::optional<std::string> processor_type;  ///< of an SDF3 file; default: the actor's default one
  bool phases_overlap = false;
  std::optional<std::string> output;       ///< report of analyze, graph of convert
  std::optional<std::string> certificate;  ///< written by analyze, read by verify
  std::optional<std::string> period;       ///< that buffers shall reach; a rational
  std::optional<std::string> processors;   ///< of schedule: their number, or a file that binds actors to them
  std::optional<std::string> svg;          ///< chart of schedule
  std::int64_t iterations = 3;             ///< of schedule and of a latency
  std::optional<std::string> method;       ///< of analyze; default: what suits the graph
  bool sensitivity = false;
  std::vector<std::string> latency;  ///< none, or source and sink
};
int analyze_dataflow(const DataflowCommand& command);
int verify_dataflow(const DataflowCommand& command);
int buffers_dataflow(const DataflowCommand& command);
int schedule_dataflow(const DataflowCommand& command);
int convert_dataflow(const DataflowCommand& command);

/// `spikeloom emulate …`: a command of this program, or another, with an emulated card.
struct EmulateCommand {
  std::vector<std::string> command;
  emulation::EmulationOptions options;
  unsigned time_limit_seconds = 600;
};
int run(const EmulateCommand& command);

int compare_files(const std::string& a, const std::string& b);
int show_info(const std::string& image);
int list_devices();
int build_chip(const std::string& chip);

}  // namespace spikeloom::cli
