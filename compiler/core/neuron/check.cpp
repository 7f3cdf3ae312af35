// What this file knows of the tables is docs/protocol.md, section 7, and set_fields.hpp; it shares no code
// with what builds them.
#include "compiler/core/neuron/check.hpp"

#include <algorithm>
#include <utility>

#include "compiler/core/neuron/set_fields.hpp"

namespace spikeloom::neuron {
namespace {

/// Entries from the last one of a pass to the first one of the next over its state: docs/protocol.md.
constexpr std::size_t kWrittenBehind = 6;

/// Neurons: how they are updated, and in what they are sent.
class NeuronDecoder {
 public:
  NeuronDecoder(const Cluster& cluster, const Tables& tables, Decoded& result)
      : cluster_(cluster), tables_(tables), result_(result) {}

  void run() {
    result_.neurons.resize(cluster_.size());
    read_passes();
    if (!result_.faults.empty()) return;
    if (cluster_.readout)
      read_readout();
    else
      read_updates();
  }

 private:
  void require(bool holds, const std::string& what) {
    if (!holds) result_.faults.push_back(what);
  }

  void read_neuron(std::size_t position, std::uint32_t set_number) {
    const hw::MemSetEntry set = tables_.set(set_number);
    DecodedNeuron& neuron = result_.neurons[position];
    for (std::size_t n = 0; n < kIntParameters.size(); ++n)
      neuron.parameters[n] = kIntParameters[n].place == IntParameter::Place::kSet
                                 ? static_cast<std::int32_t>(set.*field_of(kIntParameters[n]))
                                 : tables_.bias(position);
    neuron.scale = set.scale;
    neuron.subtract = set.subtract;
  }

  /// Neurons of one membrane pass through one word of state and lane, the step's first pass alone resets it,
  /// and what a pass left is written before the next one reads it.
  void read_passes() {
    const auto stride = static_cast<std::uint32_t>(cluster_.pass_stride());
    const std::uint32_t lif_lanes = tables_.lif_lanes();
    constexpr std::size_t kNever = ~std::size_t{0};
    std::vector<std::size_t> written(tables_.state_words(), kNever);
    std::vector<std::uint32_t> group_of(tables_.state_words(), 0);
    for (std::size_t n = 0; n < tables_.updates(); ++n) {
      const hw::MemUpdateEntry entry = tables_.update(n);
      const std::uint32_t position = entry.group * lif_lanes;
      require(entry.state == position % stride / lif_lanes, "an update of another neuron's state");
      require(entry.later == (cluster_.membranes_of || position >= stride ? 1U : 0U),
              "a state that is reset by a pass not its first");
      if (!result_.faults.empty()) return;
      if (written[entry.state] != kNever && group_of[entry.state] != entry.group) {
        require(group_of[entry.state] < entry.group,
                "passes over one state that do not come by rising group");
        require(n - written[entry.state] >= kWrittenBehind, "a state that is read before it is written");
      }
      if (entry.mask == 0) continue;  // nothing is written
      written[entry.state] = n;
      group_of[entry.state] = entry.group;
    }
  }

  void read_updates() {
    const std::uint32_t lif_lanes = tables_.lif_lanes();
    std::vector<std::uint32_t> times(cluster_.size(), 0);
    std::size_t sent = 0;                // chunks, in order
    std::vector<std::uint32_t> pending;  // positions updated since the last emit
    for (std::size_t n = 0; n < tables_.updates(); ++n) {
      const hw::MemUpdateEntry entry = tables_.update(n);
      const std::size_t chunk = std::size_t{entry.group} * lif_lanes / hw::kChunkBits;
      for (std::uint32_t lane = 0; lane < lif_lanes; ++lane) {
        if ((entry.mask >> lane & 1U) == 0) continue;
        const std::size_t position = std::size_t{entry.group} * lif_lanes + lane;
        if (position >= cluster_.size()) {
          require(false, "an update of a lane without a neuron");
          return;
        }
        ++times[position];
        pending.push_back(static_cast<std::uint32_t>(position));
        require(cluster_.pooled || chunk == sent, "a neuron's spike in another chunk than its own");
        read_neuron(position, entry.set);
      }
      if (entry.emit == 0) continue;
      if (cluster_.pooled)
        read_window(pending);
      else
        require(pending.size() == neurons_of(chunk), "a chunk sent before all of its neurons were updated");
      ++sent;
      pending.clear();
    }
    for (std::size_t position = 0; position < times.size(); ++position) {
      const std::uint32_t wanted = cluster_.neurons[position] == kNoNeuron ? 0 : 1;
      if (times[position] == wanted) continue;
      require(false,
              wanted == 0 ? "an update of a lane without a neuron" : "a neuron not updated exactly once");
      return;
    }
    require(sent == cluster_.out_entries, "not every chunk is sent");
    if (!cluster_.pooled) return;
    const std::vector<std::uint32_t>& neurons = cluster_.sent_neurons();
    for (std::size_t bit = 0; bit < result_.windows.size(); ++bit) {
      const bool is_sent = bit < neurons.size() && neurons[bit] != kNoNeuron;
      require(is_sent || result_.windows[bit].empty(), "a spike of a neuron that no window has");
      require(!is_sent || !result_.windows[bit].empty(), "a window without neurons");
    }
    result_.windows.resize(neurons.size());
  }

  [[nodiscard]] std::size_t neurons_of(std::size_t chunk) const {
    std::size_t neurons = 0;
    for (std::size_t at = chunk * hw::kChunkBits;
         at < std::min(cluster_.size(), (chunk + 1) * hw::kChunkBits); ++at)
      neurons += cluster_.neurons[at] != kNoNeuron ? 1 : 0;
    return neurons;
  }

  /// The next chunk that is sent is the OR of those of these positions.
  void read_window(std::vector<std::uint32_t>& positions) {
    std::sort(positions.begin(), positions.end());
    const std::size_t first = result_.windows.size();
    result_.windows.resize(first + hw::kChunkBits);
    for (const std::uint32_t position : positions)
      result_.windows[first + position % hw::kChunkBits].push_back(position);
  }

  void read_readout() {
    require(tables_.updates() == 2 * cluster_.size(), "expected two update entries a neuron");
    if (tables_.updates() != 2 * cluster_.size()) return;
    for (std::size_t i = 0; i < tables_.updates(); ++i) {
      const hw::MemUpdateEntry entry = tables_.update(i);
      const std::size_t position = i / 2;
      require(entry.group * tables_.lif_lanes() + entry.lane == position && entry.half == i % 2 &&
                  entry.mask == (i % 2 == 0 ? 0 : 1U << entry.lane),
              "update entry " + std::to_string(i) + " out of order");
      if (i % 2 == 1)
        require(entry.set == tables_.update(i - 1).set, "halves of a neuron of different parameters");
      read_neuron(position, entry.set);
    }
  }

  const Cluster& cluster_;
  const Tables& tables_;
  Decoded& result_;
};

void require(bool holds, const char* what, std::vector<std::string>& faults) {
  if (!holds) faults.emplace_back(what);
}

}  // namespace

void check_windows(const CoreTables& tables, const Windows& core, std::vector<std::string>& faults) {
  const std::vector<MemoryTable>& windows = tables.windows;
  const std::uint32_t lif_lanes = windows[core.biases].parts;
  require(windows[core.potentials].parts == lif_lanes && windows[core.currents].parts == lif_lanes &&
              windows[core.potentials].words.empty() && windows[core.currents].words.empty(),
          "state among the tables", faults);
}

void check_sizes(const Cluster& cluster, const Tables& tables, std::vector<std::string>& faults) {
  const std::size_t n = cluster.size(), lif_lanes = tables.lif_lanes();
  const bool fit = tables.lif_groups() == (n + lif_lanes - 1) / lif_lanes;
  require(fit, "LIF groups do not fit its neurons", faults);
  for (std::size_t position = 0; fit && position < tables.lif_groups() * lif_lanes; ++position) {
    const bool has_neuron = position < n && cluster.neurons[position] != kNoNeuron;
    if (!has_neuron && tables.bias(position) != 0)
      return faults.emplace_back("a bias without a neuron"), void();
  }
}

void check_program(const CoreTables& core_tables, const Windows& core, std::vector<std::string>& faults) {
  check_form<hw::MemUpdateEntry>(core_tables.windows[core.updates], faults);
  check_form<hw::MemSetEntry>(core_tables.windows[core.sets], faults);
  const Tables tables(core_tables, core);
  const std::uint32_t lif_lanes = tables.lif_lanes();
  for (std::size_t n = 0; n < tables.updates(); ++n) {
    const hw::MemUpdateEntry entry = tables.update(n);
    require(entry.group < tables.lif_groups() && entry.state < tables.lif_groups() &&
                entry.set < tables.sets() && entry.lane < lif_lanes && entry.mask < (1U << lif_lanes),
            "an update entry out of range", faults);
  }
}

void add_mismatches(const Cluster& cluster, const TileConfig& tile, std::vector<std::string>& list) {
  if (cluster.readout && tile.readout == 0) list.emplace_back("is a readout; the chip has none");
  if ((cluster.passes > 1 || cluster.membranes_of) && tile.bias_words == 0)
    list.emplace_back("its neurons share membranes; the chip has no words of biases beside those of state");
}

void decode_neurons(const Cluster& cluster, const Tables& tables, Decoded& result) {
  NeuronDecoder(cluster, tables, result).run();
}

}  // namespace spikeloom::neuron
