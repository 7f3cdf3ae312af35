// What every stage of a compilation gets around it: its time is taken, its result checked and dumped, and its
// name put before errors.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "compiler/base/error.hpp"
#include "compiler/flow/compile.hpp"

namespace spikeloom {

class StageRunner {
 public:
  /// `dump`: folder for NN-stage.txt.
  explicit StageRunner(std::optional<std::string> dump = {}, OnStage on_stage = {})
      : dump_(std::move(dump)), on_stage_(std::move(on_stage)) {}

  /// What `work` returns.
  template <class F>
  auto stage(const std::string& name, F&& work) {
    if (on_stage_) on_stage_(name);
    name_ = name;
    const auto begin = std::chrono::steady_clock::now();
    try {
      auto result = work();
      times_.push_back(
          {name, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count()});
      return result;
    } catch (const Error& error) {
      throw error.within(name);
    }
  }

  /// NN-stage.txt of the stage that ran last; NN counts the files.
  void dump(const std::string& text) { dump(name_, text); }
  /// NN-name.txt, of what is no stage's result.
  void dump(const std::string& name, const std::string& text);

  /// A stage's own checker found fault with its result: a bug, which no input may bring about.
  void sound(const std::vector<std::string>& faults) const;

  [[nodiscard]] const std::vector<StageTime>& times() const { return times_; }

 private:
  std::optional<std::string> dump_;
  OnStage on_stage_;
  std::vector<StageTime> times_;
  int number_ = 0;
  std::string name_;
};

}  // namespace spikeloom
