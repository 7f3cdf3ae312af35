// Test bench of one top kernel for C simulation and co-simulation: usage: testbench CASE_FILE
// SPIKELOOM_TB_CROSSBAR, _LIF or _SYSTOLIC says which. A case file (spikeloom-hls-case writes it) has a line
// an array: its name, its length, its numbers; "expected_X" is what the kernel must leave in X. Exit code 0:
// equal, 1: not, 2: no case.
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#if defined(SPIKELOOM_TB_CROSSBAR)
#include "hls/crossbar/spikeloom_crossbar.hpp"
#elif defined(SPIKELOOM_TB_LIF)
#include "hls/crossbar/spikeloom_lif.hpp"
#elif defined(SPIKELOOM_TB_SYSTOLIC)
#include "hls/systolic/spikeloom_systolic.hpp"
#else
#error "define which kernel is tested"
#endif

namespace {

// Co-simulation copies as many elements as an m_axi pragma's depth says, whatever the kernel reads: no array
// is shorter.
const std::size_t kDeepest = 16384;

typedef std::map<std::string, std::vector<std::int64_t>> Case;

Case read_case(const char* path) {
  Case found;
  std::ifstream in(path);
  std::string name;
  std::size_t size = 0;
  while (in >> name >> size) {
    std::vector<std::int64_t> values(size);
    for (std::size_t n = 0; n < size; ++n) in >> values[n];
    if (!in) break;
    found[name] = values;
  }
  return found;
}

template <class T>
std::vector<T> numbers(const Case& found, const std::string& name) {
  std::vector<T> values;
  const Case::const_iterator at = found.find(name);
  if (at == found.end()) {
    std::fprintf(stderr, "testbench: the case has no array '%s'\n", name.c_str());
    return values;
  }
  for (std::size_t n = 0; n < at->second.size(); ++n) values.push_back(static_cast<T>(at->second[n]));
  return values;
}

template <class T>
int differences(const Case& found, const std::string& name, const std::vector<T>& values) {
  const std::vector<T> expected = numbers<T>(found, "expected_" + name);
  if (expected.empty() || expected.size() > values.size()) {
    std::fprintf(stderr, "testbench: %s: expected 1 to %zu values, found %zu\n", name.c_str(), values.size(),
                 expected.size());
    return 1;
  }
  int count = 0;
  for (std::size_t n = 0; n < expected.size(); ++n)
    if (values[n] != expected[n] && ++count <= 5)
      std::fprintf(stderr, "testbench: %s[%zu]: expected %lld, found %lld\n", name.c_str(), n,
                   static_cast<long long>(expected[n]), static_cast<long long>(values[n]));
  return count;
}

typedef std::vector<std::uint32_t> Words;

/// An argument of the kernel: the case's array, and behind it what makes it long enough.
template <class T>
std::vector<T> argument(const Case& found, const std::string& name) {
  std::vector<T> values = numbers<T>(found, name);
  if (values.size() < kDeepest) values.resize(kDeepest);
  return values;
}

Words words(const Case& found, const std::string& name) { return argument<std::uint32_t>(found, name); }

}  // namespace

int main(int argc, char** argv) {
  const Case found = argc == 2 ? read_case(argv[1]) : Case();
  if (found.empty()) {
    std::fprintf(stderr, "testbench: no case: expected one argument, a file that spikeloom-hls-case wrote\n");
    return 2;
  }
  const Words context = words(found, "context"), control = words(found, "control");
  const std::uint32_t steps = static_cast<std::uint32_t>(numbers<std::uint32_t>(found, "control").size());
  int wrong = 0;
#if defined(SPIKELOOM_TB_LIF)
  const Words updates = words(found, "updates"), sets = words(found, "sets"), biases = words(found, "biases");
  const std::vector<std::int32_t> sums = argument<std::int32_t>(found, "sums");
  Words potentials = words(found, "potentials"), currents = words(found, "currents");
  Words out(kDeepest), out_count(kDeepest);
  spikeloom_lif(context.data(), updates.data(), sets.data(), biases.data(), control.data(), sums.data(),
                potentials.data(), currents.data(), out.data(), out_count.data(), steps);
  wrong += differences(found, "potentials", potentials) + differences(found, "currents", currents);
  wrong += differences(found, "out", out) + differences(found, "out_count", out_count);
#elif defined(SPIKELOOM_TB_CROSSBAR)
  const Words chunks = words(found, "chunks"), axons = words(found, "axons"),
              weights = words(found, "weights");
  const std::vector<std::uint16_t> pages = argument<std::uint16_t>(found, "pages");
  std::vector<std::int32_t> sums(kDeepest);
  spikeloom_crossbar(context.data(), chunks.data(), axons.data(), weights.data(), control.data(),
                     pages.data(), sums.data(), steps);
  wrong += differences(found, "sums", sums);
#else
  const Words blocks = words(found, "blocks"), folds = words(found, "folds"),
              matrices = words(found, "matrices"), updates = words(found, "updates"),
              sets = words(found, "sets"), biases = words(found, "biases");
  const std::vector<std::uint16_t> pages = argument<std::uint16_t>(found, "pages");
  Words potentials = words(found, "potentials"), currents = words(found, "currents");
  Words out(kDeepest), out_count(kDeepest), cycles(kDeepest);
  spikeloom_systolic(context.data(), blocks.data(), folds.data(), matrices.data(), updates.data(),
                     sets.data(), biases.data(), control.data(), pages.data(), potentials.data(),
                     currents.data(), out.data(), out_count.data(), cycles.data(), steps);
  wrong += differences(found, "potentials", potentials) + differences(found, "currents", currents);
  wrong += differences(found, "out", out) + differences(found, "out_count", out_count);
  wrong += differences(found, "cycles", cycles);
#endif
  std::printf("testbench: %d differences over %u steps\n", wrong, steps);
  return wrong == 0 ? 0 : 1;
}
