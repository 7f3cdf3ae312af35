// Tests that run the command: its files in a folder of their own, its outputs and its exit code.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/base/scratch_folder.hpp"

namespace spikeloom::test {

struct Ended {
  int code = -1;
  std::string out, err;
};

/// A folder for a test's files, and the command as a user starts it.
class CommandTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::string file(const std::string& name) const { return folder_.file(name); }
  static std::string source(const std::string& name) {
    return std::string(SPIKELOOM_SOURCE_DIR) + "/" + name;
  }
  static std::string text(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
  }

  /// `before`: what the shell reads before the command, such as variables of its environment.
  [[nodiscard]] Ended spikeloom(const std::string& arguments, const std::string& before = "") const {
    const std::string err = file("stderr");
    const std::string line = before + " " + SPIKELOOM_COMMAND + " " + arguments + " 2>" + err + " </dev/null";
    Ended ended;
    FILE* pipe = popen(line.c_str(), "r");
    EXPECT_NE(pipe, nullptr);
    std::array<char, 4096> buffer;
    for (std::size_t n = 0; (n = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
      ended.out.append(buffer.data(), n);
    const int status = pclose(pipe);
    ended.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
    ended.err = text(err);
    return ended;
  }

  ScratchFolder folder_;
};

/// An integer network in JSON: layers of IF neurons without delays, called l0, l1, …, every weight +1 or -1.
/// `sizes`: of the input "in" and of the layers.
inline std::string layers_json(const std::vector<std::size_t>& sizes) {
  std::ostringstream text;
  text << R"({"format": "spikeloom-integer-network", "version": 1, "name": "layers", "state_bits": 24, )"
       << R"("inputs": [{"name": "in", "shape": [)" << sizes.front() << R"(]}], "populations": [)";
  for (std::size_t l = 0; l + 1 < sizes.size(); ++l)
    text << (l == 0 ? "" : ", ") << R"({"name": "l)" << l << R"(", "kind": "IF", "shape": [)" << sizes[l + 1]
         << R"(], "alpha": 0, "beta": 4096, "reset": "subtract", )"
         << R"("theta": 1, "v_reset": 0, "bias_i": 0, "bias_v": 0})";
  text << R"(], "projections": [)";
  for (std::size_t l = 0; l + 1 < sizes.size(); ++l) {
    text << (l == 0 ? "" : ", ") << R"({"name": "w)" << l << R"(", "from": )";
    if (l == 0)
      text << R"({"input": "in"})";
    else
      text << R"({"population": "l)" << l - 1 << R"("})";
    text << R"(, "to": "l)" << l << R"(", "bits": 8, "rows": [)";
    for (std::size_t s = 0; s < sizes[l]; ++s) {
      text << (s == 0 ? "[" : ", [");
      for (std::size_t t = 0; t < sizes[l + 1]; ++t)
        text << (t == 0 ? "" : ", ") << ((3 * s + 5 * t + s * t) % 4 == 0 ? -1 : 1);
      text << "]";
    }
    text << "]}";
  }
  text << R"(], "outputs": [{"name": "out", "shape": [)" << sizes.back() << R"(], "from": "l)"
       << sizes.size() - 2 << R"("}]})";
  return text.str();
}

/// Events for that input as CSV (step, element): about a third of the elements in each of so many steps.
inline std::string events_csv(std::size_t elements, std::size_t steps) {
  std::ostringstream text;
  for (std::size_t t = 0; t < steps; ++t)
    for (std::size_t e = 0; e < elements; ++e)
      if ((5 * t + 3 * e) % 7 < 3) text << t << "," << e << "\n";
  return text.str();
}

}  // namespace spikeloom::test
