// One Verilated tile behind the DPI of verilator_tile.sv. Compiled with the models (verilator_build.cpp),
// never into Spikeloom itself. A tile belongs to the context of the chip that is being made or clocked
// (verilator_instance.h).
#include <cstring>
#include <type_traits>

#include "Vchip__Dpi.h"
#include "Vtile.h"
#include "verilated.h"

namespace {

// Ports of any width from and to 32-bit words; a wide port is an array of them.
template <class Port>
void put(Port& port, const svBitVecVal* words) {
  if constexpr (sizeof(Port) <= sizeof(svBitVecVal)) {
    port = static_cast<Port>(words[0]);
  } else {
    std::memcpy(&port, words, sizeof(Port));
  }
}
template <class Port>
void get(const Port& port, svBitVecVal* words) {
  if constexpr (sizeof(Port) <= sizeof(svBitVecVal)) {
    words[0] = port;
  } else {
    std::memcpy(words, &port, sizeof(Port));
  }
}
constexpr std::size_t kSpikeWords =
    (sizeof(std::remove_reference_t<decltype(Vtile::spike_o)>) + sizeof(svBitVecVal) - 1) /
    sizeof(svBitVecVal);

struct Tile {
  explicit Tile(const char* name) : model(Verilated::threadContextp(), name) {}

  [[nodiscard]] int state() const { return model.active_o << 5 | model.ring_valid_o << 4 | model.credit_o; }
  [[nodiscard]] bool shows_what_it_showed() {
    svBitVecVal spike[kSpikeWords];
    get(model.spike_o, spike);
    return state() == shown_state && model.ring_o == shown_ring &&
           std::memcmp(spike, shown_spike, sizeof spike) == 0;
  }
  void show() {
    shown_state = state();
    shown_ring = model.ring_o;
    get(model.spike_o, shown_spike);
  }

  Vtile model;
  int shown_state = 0;
  QData shown_ring = 0;
  svBitVecVal shown_spike[kSpikeWords] = {};
};

}  // namespace

void* spikeloom_tile_create(const char* name, int number) {
  auto* const tile = new Tile(name);
  tile->model.clk_i = 0;
  tile->model.node_i = static_cast<SData>(number);
  tile->model.eval();
  tile->show();
  return tile;
}

void spikeloom_tile_destroy(void* opaque) {
  auto* const tile = static_cast<Tile*>(opaque);
  tile->model.final();
  delete tile;
}

int spikeloom_tile_clock(void* opaque, int controls, long long ring, const svBitVecVal* spike,
                         long long* ring_out, svBitVecVal* spike_out) {
  Tile& tile = *static_cast<Tile*>(opaque);
  Vtile& model = tile.model;
  model.rst_i = controls & 1;
  model.en_i = controls >> 1 & 1;
  model.rewind_i = controls >> 2 & 1;
  model.prime_i = controls >> 3 & 1;
  model.ring_valid_i = controls >> 4 & 1;
  model.credit_i = controls >> 5 & 15;
  model.go_i = controls >> 9;
  model.ring_i = static_cast<QData>(ring);
  put(model.spike_i, spike);
  model.clk_i = 0;
  model.eval();
  if (!tile.shows_what_it_showed())
    vl_fatal(__FILE__, __LINE__, model.name(),
             "an output of the tile follows an input within the clock, so tiles cannot share their code");
  model.clk_i = 1;
  model.eval();
  tile.show();
  *ring_out = static_cast<long long>(tile.shown_ring);
  std::memcpy(spike_out, tile.shown_spike, sizeof tile.shown_spike);
  return tile.shown_state;
}
