// An operating point's timing graph with the times of another placement.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/image/image.hpp"
#include "compiler/schedule/timing_graph.hpp"
#include "compiler/sdf/certificate.hpp"
#include "compiler/sdf/cycle_ratio.hpp"
#include "compiler/sdf/graph.hpp"
#include "compiler/sdf/latency_proof.hpp"

namespace spikeloom {

/// What slots and ways decide of an application's timing.
struct Ways {
  std::vector<std::int64_t> send;  ///< worst cycles from decision to end-of-step, by channel
  std::vector<std::int64_t> wait;  ///< worst cycles for a credit slot, by destination; 0 at the host
  std::vector<std::uint32_t> hops, credit_hops;  ///< by destination; no credits at the host
};
[[nodiscard]] Ways ways_of(const Application&, const Chip&, const Binding&);
/// The most that an operating point allows.
[[nodiscard]] Ways budget_of(const OperatingPoint& point);
[[nodiscard]] bool within(const Ways& ways, const Ways& budget);

/// The graph of a binding that differs from the point's in slots and ways only. Nothing of the hardware's
/// timing stands here: the point's graph is compiler/schedule's, and times move by the difference of the
/// ways.
class Retimed {
 public:
  Retimed(const OperatingPoint& point, Ways own);

  void set(const Ways& ways);
  [[nodiscard]] const sdf::Graph& graph() const { return graph_; }
  [[nodiscard]] const std::vector<std::int64_t>& lower() const { return lower_; }
  /// The sink's latency after the source, in the graph's unit, and its proof.
  [[nodiscard]] sdf::LatencyProof latency() const;
  /// What is wrong with the certificates of a period and a latency, both in cycles, under the ways that are
  /// set; empty: nothing.
  [[nodiscard]] std::vector<std::string> faults(const OperatingPoint& claim) const;
  /// First stamps' bound under a certificate, in cycles.
  [[nodiscard]] std::int64_t offset(const Ratio& period, const std::vector<std::int64_t>& potentials) const;

 private:
  const PointGraph& point_;
  Ways own_;
  sdf::Graph graph_;
  std::vector<std::int64_t> lower_;
};

/// The part of a timing graph that an operating point keeps.
[[nodiscard]] PointGraph point_graph(const TimingGraph& timing, const Chip& chip);

}  // namespace spikeloom
