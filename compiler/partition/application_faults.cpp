#include <algorithm>
#include <array>
#include <set>

#include "compiler/chip/chip.hpp"
#include "compiler/golden/check.hpp"
#include "compiler/partition/application.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {
namespace {

constexpr std::uint64_t kMostElements = std::uint64_t{1} << 20U;  ///< of an input or population

class Faults {
 public:
  explicit Faults(const Application& app) : app_(app) {}

  std::vector<std::string> find() {
    for (const StreamInput& input : app_.inputs) check_input(input);
    if (!faults_.empty()) return faults_;
    for (const Cluster& cluster : app_.clusters) check_counts(cluster);
    if (!faults_.empty()) return faults_;
    for (std::size_t c = 0; c < app_.clusters.size(); ++c) check_membranes(c);
    if (!faults_.empty()) return faults_;
    check_populations();
    for (std::size_t c = 0; c < app_.clusters.size(); ++c) {
      check_inbound(app_.clusters[c]);
      if (!faults_.empty()) continue;
      for (const std::string& fault : core_of(app_.clusters[c]).faults(app_.clusters[c]))
        require(false, "cluster " + app_.clusters[c].name, fault);
    }
    check_outputs();
    check_order();
    return faults_;
  }

 private:
  void require(bool holds, const std::string& where, const std::string& what) {
    if (!holds) faults_.push_back(where + ": " + what);
  }

  void check_input(const StreamInput& input) {
    const std::string where = "input " + input.name;
    std::uint64_t elements = 1;
    for (const std::size_t extent : input.shape) {
      if (extent == 0 || extent > kMostElements)
        elements = kMostElements + 1;
      else
        elements *= extent;
      if (elements > kMostElements) break;
    }
    require(elements <= kMostElements, where, "shape out of range");
    require(input.order == InputOrder::kFile || (elements > 0 && !input.shape.empty()), where,
            "numbered by position, of which it has none");
    require(input.planes >= 1 && input.planes <= kMaxPlanes, where, "planes out of range");
    require(input.first_axon % hw::kChunkBits == 0 && input.first_axon >= next_axon_, where,
            "axons out of order");
    require(input.first_axon < (kMostElements << 5U), where, "first axon out of range");
    if (!faults_.empty()) return;
    const std::uint64_t axons = elements * input.planes;
    next_axon_ = input.first_axon + axons;
    require(input.activity.empty() || input.activity.size() == axons, where, "activity has another size");
  }

  void check_counts(const Cluster& cluster) {
    const std::string where = "cluster " + cluster.name;
    const std::uint64_t n = cluster.size();
    require(cluster.population.index() < app_.populations.size(), where, "no such population");
    require(n > 0 && n <= kMostElements, where, "number of neurons out of range");
    require(cluster.passes > 0 && cluster.neuron_count() > 0 && cluster.neuron_count() % cluster.passes == 0,
            where, "its passes do not part its neurons");
    if (!faults_.empty()) return;
    const Core* core = find_core(cluster.tables.core);
    require(core != nullptr, where,
            "tables of a core that this program does not have: " + cluster.tables.core);
    if (cluster.pooled) {
      require(core != nullptr && core->pools(), where, "pooled spikes of a core that pools none");
      require(!cluster.readout, where, "pooled spikes of a readout");
      require(cluster.pooled->population.index() < app_.populations.size() &&
                  cluster.pooled->population != cluster.population,
              where, "no such pooled population");
      require(!cluster.pooled->neurons.empty() && cluster.pooled->neurons.size() <= n, where,
              "number of pooled neurons out of range");
    }
    check_gaps(cluster, where);
    const std::uint64_t sent = cluster.sent_neurons().size();
    require(
        cluster.out_entries == (cluster.readout ? 2 * sent : (sent + hw::kChunkBits - 1) / hw::kChunkBits),
        where, "output entries do not fit its neurons");
    require(cluster.activity.empty() || cluster.activity.size() == sent, where, "activity has another size");
  }

  /// Places without a neuron: where spikes are sent pooled, and in a chunk that is sent behind all neurons.
  void check_gaps(const Cluster& cluster, const std::string& where) {
    if (cluster.passes > 1) check_passes(cluster, where);
    require(cluster.pooled || cluster.passes > 1 || cluster.neuron_count() == cluster.size(), where,
            "a position without a neuron, although its spikes are not pooled");
    require(cluster.neurons.empty() || cluster.neurons.back() != kNoNeuron, where,
            "positions without a neuron behind the last one");
    const std::vector<std::uint32_t>& sent = cluster.sent_neurons();
    if (!cluster.pooled || sent.empty()) return;
    bool in_order = sent.back() != kNoNeuron;
    for (std::size_t at = 0; at < sent.size(); ++at)
      in_order = in_order && (at % hw::kChunkBits == 0 ? sent[at] != kNoNeuron
                                                       : sent[at] == kNoNeuron || sent[at - 1] != kNoNeuron);
    require(in_order, where, "a pooled neuron behind a bit without one, or a chunk that holds none");
  }

  /// Every pass has as many neurons as there are membranes, side by side, and then nobody up to the next one.
  void check_passes(const Cluster& cluster, const std::string& where) {
    require(!cluster.readout && !cluster.pooled, where, "shared membranes of a readout or of pooled spikes");
    const std::size_t stride = cluster.pass_stride(), membranes = cluster.membranes();
    bool in_passes = cluster.size() == (cluster.passes - 1) * stride + membranes;
    for (std::size_t at = 0; in_passes && at < cluster.size(); ++at)
      in_passes = (cluster.neurons[at] != kNoNeuron) == (at % stride < membranes);
    require(in_passes, where, "neurons that do not stand pass by pass");
  }

  /// Of a cluster that goes on with another one's membranes: there is that one, before it, with as many of
  /// its own, of the same kind of tile.
  void check_membranes(std::size_t c) {
    const Cluster& cluster = app_.clusters[c];
    if (!cluster.membranes_of) return;
    const std::string where = "cluster " + cluster.name;
    require(cluster.membranes_of->index() < c && !cluster.readout && !cluster.pooled, where,
            "membranes of a cluster that does not stand before it");
    if (!faults_.empty()) return;
    const Cluster& owner = app_.clusters[cluster.membranes_of->index()];
    require(!owner.membranes_of && !owner.readout && !owner.pooled && owner.kind == cluster.kind &&
                owner.tables.core == cluster.tables.core && owner.membranes() == cluster.membranes() &&
                owner.population != cluster.population,
            where, "membranes of a cluster that has no such ones");
    for (std::size_t other = cluster.membranes_of->index() + 1; other < c; ++other)
      require(app_.clusters[other].membranes_of != cluster.membranes_of ||
                  app_.clusters[other].population != cluster.population,
              where, "two clusters of a population on the same membranes");
  }

  void check_populations() {
    for (std::size_t p = 0; p < app_.populations.size(); ++p) {
      std::vector<std::uint32_t> all, pooled;
      std::size_t as_pool = 0, clusters = 0;  // that send it pooled; that hold its neurons
      for (const Cluster& cluster : app_.clusters) {
        if (cluster.population.index() == p) {
          ++clusters;
          as_pool += cluster.pooled ? 1 : 0;
          all.insert(all.end(), cluster.neurons.begin(), cluster.neurons.end());
        }
        if (cluster.pooled && cluster.pooled->population.index() == p)
          pooled.insert(pooled.end(), cluster.pooled->neurons.begin(), cluster.pooled->neurons.end());
      }
      const std::string where = "population " + app_.populations[p];
      require(is_whole(all), where, "its clusters do not hold each neuron once");
      require(is_whole(pooled), where, "pooled, it is not sent neuron by neuron once");
      require(pooled.empty() || all.empty(), where, "pooled by others, and yet it has clusters");
      require(as_pool == 0 || as_pool == clusters, where,
              "some of its clusters send pooled spikes, others not");
    }
  }
  [[nodiscard]] static bool is_whole(std::vector<std::uint32_t>& all) {
    std::erase(all, kNoNeuron);
    std::sort(all.begin(), all.end());
    for (std::size_t j = 0; j < all.size(); ++j)
      if (all[j] != j) return false;
    return true;
  }

  void check_inbound(const Cluster& cluster) {
    const std::string where = "cluster " + cluster.name;
    std::uint64_t next = 0;
    std::uint32_t delay = 0;
    std::array<std::uint32_t, hw::kLimitContextLimits> limit{};
    bool timed = false, streamed = false;
    for (const Inbound& inbound : cluster.inbound) {
      std::uint64_t chunks = app_.host_chunks();
      if (inbound.from) {
        if (inbound.from->index() >= app_.clusters.size()) {
          require(false, where, "inbound from a cluster that is not there");
          continue;
        }
        const Cluster& source = app_.clusters[inbound.from->index()];
        require(!source.last_only, where, "inbound from a readout that sends in a sample's last step only");
        chunks = source.out_entries;
      }
      if (inbound.weights > 0) {
        require(!inbound.from && inbound.delay == 0 && inbound.source_first == 0 && inbound.source_count == 0,
                where, "weights that do not come from the host, in their own step and without spikes");
        require(!streamed, where, "its weights come twice");
        streamed = true;
      }
      require(std::uint64_t{inbound.source_first} + inbound.source_count <= chunks, where,
              "inbound chunks that the source has not");
      require(inbound.delay <= 15 && inbound.delay >= delay, where, "inbound not by rising delay up to 15");
      require(inbound.first_chunk == next, where, "inbound chunks do not follow each other");
      next += inbound.source_count;
      delay = inbound.delay;
      timed = timed || inbound.delay == 0;
      for (std::uint32_t count = std::min(hw::kLimitContextLimits - 1, delay);
           count < hw::kLimitContextLimits; ++count)
        limit[count] = static_cast<std::uint32_t>(next);
    }
    require(timed, where, "no inbound without delay");
    require(next == cluster.page_chunks(), where, "chunks do not fit the inbound");
    require(limit == cluster.limit, where, "limits do not fit the inbound");
  }

  void check_outputs() {
    std::set<ClusterId> sinks;
    for (const ClusterId id : app_.sinks) {
      require(id.index() < app_.clusters.size(), "sinks", "no such cluster");
      require(sinks.insert(id).second, "sinks", "a cluster twice");
    }
    if (!faults_.empty()) return;
    for (const OutputStream& stream : app_.outputs) {
      const std::string where = "output " + stream.name;
      std::set<std::uint32_t> seen;
      std::size_t neurons = 0, all = 0;
      for (const std::uint32_t sink : stream.sinks) {
        const bool there = sink < app_.sinks.size() && seen.insert(sink).second;
        require(there, where, "a sink that is not there, or twice");
        if (!there) return;
        const Cluster& cluster = app_.clusters[app_.sinks[sink].index()];
        require(cluster.sent_population() == stream.population, where, "a sink of another population");
        require(cluster.readout == (stream.kind == OutputKind::kPotential), where, "a sink of another kind");
        neurons += cluster.sent_count();
      }
      for (const Cluster& cluster : app_.clusters)
        all += cluster.sent_population() == stream.population ? cluster.sent_count() : 0;
      require(neurons == all, where, "its sinks do not cover the population");
      std::uint64_t elements = 1;
      for (const std::size_t extent : stream.shape)
        elements = extent > kMostElements ? 0 : std::min(elements * extent, 2 * kMostElements);
      require(elements == all, where, "its shape does not fit the population");
      require(stream.origin.empty() || (stream.kind == OutputKind::kPotential && stream.origin.size() == all),
              where, "an origin that does not fit the population");
    }
  }

  void check_order() {
    std::vector<std::size_t> position(app_.clusters.size(), app_.clusters.size());
    bool whole = app_.order.size() == app_.clusters.size();
    for (std::size_t i = 0; whole && i < app_.order.size(); ++i) {
      whole = app_.order[i].index() < position.size() && position[app_.order[i].index()] == position.size();
      if (whole) position[app_.order[i].index()] = i;
    }
    require(whole, "order", "does not hold each cluster once");
    if (!faults_.empty()) return;
    for (std::size_t c = 0; c < app_.clusters.size(); ++c)
      for (const Inbound& inbound : app_.clusters[c].inbound)
        if (inbound.from && inbound.delay == 0)
          require(position[inbound.from->index()] < position[c], "order",
                  app_.clusters[c].name + " before its source " + app_.clusters[inbound.from->index()].name);
  }

  const Application& app_;
  std::vector<std::string> faults_;
  std::uint64_t next_axon_ = 0;
};

}  // namespace

std::vector<std::string> faults(const Application& app) { return Faults(app).find(); }

}  // namespace spikeloom
