// The subcommands of `spikeloom`, each a function from its options to an exit code.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "host/compile/compile.hpp"
#include "host/emulation/emulate.hpp"

namespace spikeloom::cli {

inline constexpr int kYes = 0;
inline constexpr int kNo = 1;
inline constexpr int kBadInput = 2;
inline constexpr int kDevice = 3;

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
  std::vector<std::string> record;  ///< NODE:spikes or NODE:v
  std::optional<std::string> decide;
  DatasetOptions data;
  std::optional<double> max_period;
  unsigned quiet_seconds = 120;
};
int run(const RunCommand& command);

/// `spikeloom dataflow …`: dataflow graphs by themselves, without a network.
struct DataflowCommand {
  std::string graph;
  std::optional<std::string> output;       ///< report of analyze, graph of convert
  std::optional<std::string> certificate;  ///< written by analyze, read by verify
};
int analyze_dataflow(const DataflowCommand& command);
int verify_dataflow(const DataflowCommand& command);
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
