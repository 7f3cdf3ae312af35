// The image's fields, listed once for all directions: writing, reading, and whatever else walks an image
// field by field. A visitor is called with one Field for each member of a struct, in the order of the file.
#pragma once

#include <concepts>
#include <string_view>
#include <type_traits>

#include "compiler/image/image.hpp"

namespace spikeloom::image_fields {

/// A member by its name.
template <class T>
struct Field {
  std::string_view name;
  T& value;
};
template <class T>
Field(std::string_view, T&) -> Field<T>;

#define SPIKELOOM_FIELD(member) \
  Field { #member, x.member }

/// A struct for writing or reading alike.
template <class A, class T>
concept Either = std::same_as<std::remove_const_t<A>, T>;

template <class A, Either<Inbound> T>
void fields(A& a, T& x) {
  a(SPIKELOOM_FIELD(from), SPIKELOOM_FIELD(delay), SPIKELOOM_FIELD(first_chunk),
    SPIKELOOM_FIELD(source_first), SPIKELOOM_FIELD(source_count), SPIKELOOM_FIELD(weights));
}
template <class A, Either<MemoryTable> T>
void fields(A& a, T& x) {
  a(SPIKELOOM_FIELD(parts), SPIKELOOM_FIELD(words));
}
template <class A, Either<CoreTables> T>
void fields(A& a, T& x) {
  a(SPIKELOOM_FIELD(core), SPIKELOOM_FIELD(windows));
}
template <class A, Either<Pooled> T>
void fields(A& a, T& x) {
  a(SPIKELOOM_FIELD(population), SPIKELOOM_FIELD(neurons));
}
template <class A, Either<Cluster> T>
void fields(A& a, T& x) {
  a(SPIKELOOM_FIELD(name), SPIKELOOM_FIELD(population), SPIKELOOM_FIELD(kind), SPIKELOOM_FIELD(neurons),
    SPIKELOOM_FIELD(passes), SPIKELOOM_FIELD(membranes_of), SPIKELOOM_FIELD(readout),
    SPIKELOOM_FIELD(last_only), SPIKELOOM_FIELD(pooled), SPIKELOOM_FIELD(out_entries),
    SPIKELOOM_FIELD(inbound), SPIKELOOM_FIELD(chunk_bits), SPIKELOOM_FIELD(limit), SPIKELOOM_FIELD(activity),
    SPIKELOOM_FIELD(tables));
}
template <class A, Either<StreamInput> T>
void fields(A& a, T& x) {
  a(SPIKELOOM_FIELD(name), SPIKELOOM_FIELD(shape), SPIKELOOM_FIELD(planes), SPIKELOOM_FIELD(is_signed),
    SPIKELOOM_FIELD(unit), SPIKELOOM_FIELD(first_axon), SPIKELOOM_FIELD(order), SPIKELOOM_FIELD(is_static),
    SPIKELOOM_FIELD(activity));
}
template <class A, Either<OutputStream> T>
void fields(A& a, T& x) {
  a(SPIKELOOM_FIELD(name), SPIKELOOM_FIELD(shape), SPIKELOOM_FIELD(kind), SPIKELOOM_FIELD(population),
    SPIKELOOM_FIELD(recorded), SPIKELOOM_FIELD(unit), SPIKELOOM_FIELD(origin), SPIKELOOM_FIELD(sinks));
}
template <class A, Either<Application> T>
void fields(A& a, T& x) {
  a(SPIKELOOM_FIELD(name), SPIKELOOM_FIELD(populations), SPIKELOOM_FIELD(clusters), SPIKELOOM_FIELD(inputs),
    SPIKELOOM_FIELD(sinks), SPIKELOOM_FIELD(outputs), SPIKELOOM_FIELD(order), SPIKELOOM_FIELD(options));
}
template <class A, Either<Placement> T>
void fields(A& a, T& x) {
  a(SPIKELOOM_FIELD(tile), SPIKELOOM_FIELD(context), SPIKELOOM_FIELD(first_row), SPIKELOOM_FIELD(rows),
    SPIKELOOM_FIELD(first_block), SPIKELOOM_FIELD(first), SPIKELOOM_FIELD(first_out));
}
template <class A, Either<Destination> T>
void fields(A& a, T& x) {
  a(SPIKELOOM_FIELD(to), SPIKELOOM_FIELD(inbound), SPIKELOOM_FIELD(number), SPIKELOOM_FIELD(hops),
    SPIKELOOM_FIELD(counter), SPIKELOOM_FIELD(credit_slots), SPIKELOOM_FIELD(credit_hops));
}
template <class A, Either<Channel> T>
void fields(A& a, T& x) {
  a(SPIKELOOM_FIELD(from), SPIKELOOM_FIELD(number), SPIKELOOM_FIELD(slots), SPIKELOOM_FIELD(to));
}
template <class A, Either<OrderEntry> T>
void fields(A& a, T& x) {
  a(SPIKELOOM_FIELD(cluster), SPIKELOOM_FIELD(skip));
}
template <class A, Either<Binding> T>
void fields(A& a, T& x) {
  a(SPIKELOOM_FIELD(seed), SPIKELOOM_FIELD(application), SPIKELOOM_FIELD(first_sink),
    SPIKELOOM_FIELD(placement), SPIKELOOM_FIELD(channels), SPIKELOOM_FIELD(orders));
}
template <class A, Either<StartRun> T>
void fields(A& a, T& x) {
  a(SPIKELOOM_FIELD(first), SPIKELOOM_FIELD(step), SPIKELOOM_FIELD(count));
}
template <class A, Either<Promise> T>
void fields(A& a, T& x) {
  a(SPIKELOOM_FIELD(kind));
  if (x.kind == PromiseKind::kSampled) a(SPIKELOOM_FIELD(sample_steps), SPIKELOOM_FIELD(exact_steps));
  a(SPIKELOOM_FIELD(period), SPIKELOOM_FIELD(offset), SPIKELOOM_FIELD(latency), SPIKELOOM_FIELD(potentials),
    SPIKELOOM_FIELD(latest_starts), SPIKELOOM_FIELD(critical_cycle), SPIKELOOM_FIELD(detail));
}
template <class A, Either<TileContract> T>
void fields(A& a, T& x) {
  a(SPIKELOOM_FIELD(rho), SPIKELOOM_FIELD(sigma));
}

template <class A, Either<PointGraph::Actor> T>
void fields(A& a, T& x) {
  a(SPIKELOOM_FIELD(name), SPIKELOOM_FIELD(tile), SPIKELOOM_FIELD(execution), SPIKELOOM_FIELD(lower));
}
template <class A, Either<PointGraph::Arc> T>
void fields(A& a, T& x) {
  a(SPIKELOOM_FIELD(name), SPIKELOOM_FIELD(source), SPIKELOOM_FIELD(target), SPIKELOOM_FIELD(tokens),
    SPIKELOOM_FIELD(latency));
}
template <class A, Either<PointGraph::End> T>
void fields(A& a, T& x) {
  a(SPIKELOOM_FIELD(arrival), SPIKELOOM_FIELD(credit), SPIKELOOM_FIELD(pages));
}
template <class A, Either<PointGraph> T>
void fields(A& a, T& x) {
  a(SPIKELOOM_FIELD(actors), SPIKELOOM_FIELD(arcs), SPIKELOOM_FIELD(senders), SPIKELOOM_FIELD(ends),
    SPIKELOOM_FIELD(source), SPIKELOOM_FIELD(sink));
}
template <class A, Either<OperatingPoint> T>
void fields(A& a, T& x) {
  a(SPIKELOOM_FIELD(binding), SPIKELOOM_FIELD(graph), SPIKELOOM_FIELD(send_budget),
    SPIKELOOM_FIELD(wait_budget), SPIKELOOM_FIELD(hop_budget), SPIKELOOM_FIELD(period),
    SPIKELOOM_FIELD(offset), SPIKELOOM_FIELD(latency), SPIKELOOM_FIELD(potentials),
    SPIKELOOM_FIELD(latest_starts));
}

/// All but the chip, which goes as its canonical text.
template <class A, Either<Image> T>
void fields(A& a, T& x) {
  a(SPIKELOOM_FIELD(application), SPIKELOOM_FIELD(binding), SPIKELOOM_FIELD(promises),
    SPIKELOOM_FIELD(contracts), SPIKELOOM_FIELD(metadata), SPIKELOOM_FIELD(points));
}

#undef SPIKELOOM_FIELD

}  // namespace spikeloom::image_fields
