// A dataflow graph: its period with the proof checked, the room that its channels need, a schedule.
#include <filesystem>
#include <iostream>

#include <spikeloom/dataflow.hpp>
#include <spikeloom/error.hpp>
#include <spikeloom/files.hpp>

namespace {

/// A source, a filter that takes four samples at once, a sink; none overlaps itself.
constexpr const char* kGraph = R"(sdf 1
actor "source" execution 2
actor "filter" execution 7
actor "sink" execution 3
channel "samples" 0 -> 1 tokens 0 latency 0 rates 1 4
channel "results" 1 -> 2 tokens 0 latency 0
channel "one source" 0 -> 0 tokens 1 latency 0
channel "one filter" 1 -> 1 tokens 1 latency 0
channel "one sink" 2 -> 2 tokens 1 latency 0
)";

int analyse(const spikeloom::DataflowGraph& graph, const std::filesystem::path& proof) {
  const spikeloom::DataflowAnalysis found = spikeloom::analyze(graph, {.proof = spikeloom::Proof::kWanted});
  if (!found.period) {
    std::cout << "stuck: " << found.critical_cycle << "\n";
    return 1;
  }
  std::cout << "an iteration every " << found.period->str() << " cycles, held by " << found.critical_cycle
            << "\n";
  const std::string& text = *found.certificate;
  spikeloom::write_file(proof, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  const spikeloom::CertificateCheck check = spikeloom::verify_certificate(graph, proof.string());
  std::cout << (check.faults.empty() ? "the proof holds" : check.faults.front()) << "\n";

  for (const spikeloom::RoomChoice& choice : spikeloom::buffers(graph).choices)
    std::cout << choice.size << " tokens of room: a period of " << choice.period.str() << "\n";

  const auto answer = spikeloom::schedule(graph, {.processors = 1});
  const auto& schedule = std::get<spikeloom::DataflowSchedule>(answer);
  std::cout << "on one processor: a period of " << schedule.period.str() << "\n";
  return check.faults.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: analyse_graph PROOF_FILE\n";
    return 2;
  }
  try {
    return analyse(spikeloom::DataflowGraph::parse(kGraph, "sdf", "example"), argv[1]);
  } catch (const spikeloom::Error& error) {
    std::cerr << "error: " << error.what() << "\n";
    return 2;
  }
}
