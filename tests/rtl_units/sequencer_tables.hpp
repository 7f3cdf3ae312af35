// A Verilated sequencer of two contexts, four entries in its order, and its tables.
#pragma once

#include "spikeloom_hw.hpp"
#include "tests/rtl_units/bench.hpp"

namespace spikeloom::test {

template <class Model>
class SequencerTables : public UnitBench<Model> {
 public:
  static constexpr unsigned kInbound = 3;  // end-of-steps of every context's pages
  SequencerTables() {
    auto& s = *this;
    s->clear_i = 1;
    s.clock();
    s->clear_i = 0;
  }
  /// Makes the context valid.
  void pages(unsigned number, unsigned first_row, unsigned rows) {
    field(number, hw::kAddrContextPages,
          hw::RegContextPages{.first_row = first_row, .rows = rows, .inbound = kInbound}.pack());
    field(number, hw::kAddrContextMode, hw::RegContextMode{.valid = 1}.pack());
  }
  void field(unsigned number, unsigned place, std::uint32_t data) {
    auto& s = *this;
    s->write_context_i = 1;
    s->config_context_i = number & 1U;
    s->config_field_i = place & 31U;
    s->config_data_i = data;
    s.clock();
    s->write_context_i = 0;
  }
  /// The order ends with this position.
  void order(unsigned position, unsigned context, unsigned skip) {
    auto& s = *this;
    s->write_order_i = 1;
    s->config_position_i = position & 3U;
    s->config_data_i = hw::RegOrder{.context = context, .skip = skip}.pack();
    s.clock();
    s->write_order_i = 0;
    s->write_order_length_i = 1;
    s->config_data_i = position + 1;
    s.clock();
    s->write_order_length_i = 0;
  }
};

}  // namespace spikeloom::test
