#include <sstream>

#include "compiler/partition/application.hpp"

namespace spikeloom {
namespace {

std::string name_of(const Application& app, const ClusterOrHost& end) {
  return end ? app.clusters[end->index()].name : "host";
}

void print_cluster(std::ostream& out, const Application& app, const Cluster& cluster) {
  out << "cluster " << cluster.name << ": population " << app.populations[cluster.population.index()] << ", "
      << cluster.neuron_count() << " neurons"
      << (cluster.passes > 1 ? " in " + std::to_string(cluster.passes) + " passes" : "")
      << (cluster.membranes_of ? ", membranes of " + app.clusters[cluster.membranes_of->index()].name : "")
      << (cluster.readout ? ", readout" : "") << (cluster.last_only ? " of the last step" : "")
      << (cluster.kind == 0 ? "" : ", for kind " + std::to_string(cluster.kind) + " of tile") << "\n";
  if (cluster.pooled)
    out << "  sends " << cluster.sent_count() << " neurons of "
        << app.populations[cluster.pooled->population.index()] << ", pooled\n";
  for (const std::string& line : core_of(cluster).describe(cluster)) out << "  " << line << "\n";
  for (const Inbound& inbound : cluster.inbound) {
    out << "  from " << name_of(app, inbound.from) << " delay " << inbound.delay;
    if (inbound.source_count == 0)
      out << ": end-of-steps only\n";
    else
      out << ": chunks " << inbound.source_first << ".." << inbound.source_first + inbound.source_count - 1
          << " to page chunk " << inbound.first_chunk << "\n";
  }
}

}  // namespace

std::string print(const Application& app) {
  std::ostringstream out;
  out << "application " << app.name << ": " << app.populations.size() << " populations, "
      << app.clusters.size() << " clusters, " << app.host_chunks() << " host chunks\n";
  for (const StreamInput& input : app.inputs)
    out << "input " << input.name << ": " << volume(input.shape) << " elements, " << input.planes
        << (input.is_signed ? " signed" : "") << " planes, from axon " << input.first_axon
        << (input.order == InputOrder::kPosition ? ", by position" : "")
        << (input.is_static ? ", static: sent in a sample's first step" : "") << "\n";
  for (const Cluster& cluster : app.clusters) print_cluster(out, app, cluster);
  for (const OutputStream& stream : app.outputs) {
    out << "output " << stream.name << ": " << (stream.kind == OutputKind::kSpikes ? "spikes" : "potentials")
        << " of " << app.populations[stream.population.index()] << (stream.recorded ? " (recorded)" : "")
        << (stream.origin.empty() ? "" : ", each from its origin") << ", sinks";
    for (const std::uint32_t sink : stream.sinks)
      out << " " << sink << "=" << app.clusters[app.sinks[sink].index()].name;
    out << "\n";
  }
  out << "order:";
  for (const ClusterId id : app.order) out << " " << app.clusters[id.index()].name;
  out << "\n";
  return out.str();
}

}  // namespace spikeloom
