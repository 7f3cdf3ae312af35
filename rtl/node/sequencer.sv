// Static order, self-timed firing. docs/protocol.md, section 4.
//
// LOAD takes the order's entry, WAIT looks at its page rows and output buffer and fires the core or retires
// the context, INTEGRATE lasts until the core has freed the firing's last page, UPDATE until it is done.
// Holds the context tables; everything with context in its name belongs to the current context and is stable
// from WAIT to the end of the firing.
//
// A firing takes a batch of up to FiringPages pages. WAIT looks at one row a cycle, on row_o. start_o: a
// firing begins, in f. row_o is the first page from f + 1 on and the next one from the cycle after each
// free_o on. The last page may be void, on void_o from f + 1 on; the core does not see that one. fire_o,
// in f too: there are others; fire_pages_o is how many, fire_limit_o the limit of row_o, from f on. free_o
// of the void page is in the cycle after the core's last free_i, or in f + 1; its out_end_o, with done_o,
// in the cycle after the core's done_i, or in f + 2. All other free_o, out_end_o and done_o are the
// core's. scan_row_o with scan_o: the page of the next cycle; load_o with it: the core walks this one.
// With Looks, look_row_o and look_limit_o are those of page look_page_i of the firing, from f + 1 to te.
`include "rtl/common/checks.svh"
`include "spikeloom_parameters.svh"

module sequencer #(
    `SPIKELOOM_PARAMETER_Contexts,
    `SPIKELOOM_PARAMETER_PageRows,
    `SPIKELOOM_PARAMETER_PageChunks,
    `SPIKELOOM_PARAMETER_OrderEntries,
    parameter int unsigned FiringPages = 1,
    parameter int unsigned Looks = 0,
    localparam int unsigned ContextBits = Contexts > 1 ? $clog2(Contexts) : 1,
    localparam int unsigned RowBits = PageRows > 1 ? $clog2(PageRows) : 1,
    localparam int unsigned LimitBits = $clog2(PageChunks + 1),
    localparam int unsigned OrderBits = OrderEntries > 1 ? $clog2(OrderEntries) : 1
) (
    input  logic                   clk_i,
    input  logic                   rst_i,
    input  logic                   clear_i,
    input  logic                   en_i,
    input  logic                   run_i,
    // configuration, host time
    input  logic                   write_context_i,
    input  logic [ContextBits-1:0] config_context_i,
    input  logic [spikeloom_pkg::ADDRESS_CONTEXT_FIELD_W-1:0] config_field_i,
    input  logic                   write_order_i,
    input  logic [  OrderBits-1:0] config_position_i,
    input  logic                   write_order_length_i,
    input  logic [           31:0] config_data_i,
    // pages and output buffers
    output logic [    RowBits-1:0] row_o,
    input  logic [spikeloom_pkg::REG_CONTEXT_PAGES_INBOUND_W-1:0] count_i,
    input  logic                   sample_end_i,
    input  logic                   run_end_i,
    input  logic                   void_i,
    input  logic                   output_busy_i,
    output logic                   scan_o,
    output logic [    RowBits-1:0] scan_row_o,
    output logic                   load_o,
    input  logic [            4:0] look_page_i,
    output logic [    RowBits-1:0] look_row_o,
    output logic [  LimitBits-1:0] look_limit_o,
    output logic                   retire_o,
    output logic                   start_o,
    output logic                   void_o,                // the last page of the firing under way is void
    output logic                   free_o,
    output logic                   out_end_o,
    output logic                   done_o,
    // core
    output logic                   fire_o,
    output logic [spikeloom_pkg::REG_CONTEXT_PAGES_ROWS_W-1:0] fire_pages_o,
    output logic                   fire_first_o,
    output logic                   fire_last_o,
    output logic [  LimitBits-1:0] fire_limit_o,
    output logic [ContextBits-1:0] context_o,
    output logic [spikeloom_pkg::REG_CONTEXT_TABLES_FIRST_CHUNK_W-1:0] context_chunk_o,
    output logic [spikeloom_pkg::REG_CONTEXT_UPDATE_FIRST_W-1:0] context_update_o,
    output logic [spikeloom_pkg::REG_CONTEXT_UPDATE_COUNT_W-1:0] context_updates_o,
    output logic [spikeloom_pkg::REG_CONTEXT_STATE_FIRST_WORD_W-1:0] context_state_o,
    output logic [spikeloom_pkg::REG_CONTEXT_STATE_FIRST_BIAS_W-1:0] context_bias_o,
    output logic                   context_readout_o,
    output logic                   context_last_only_o,
    output logic                   sample_end_o,          // of the last page being fired
    output logic                   integrating_o,         // f + 1 .. the last free_i
    output logic                   firing_o,              // f + 1 .. te
    input  logic                   free_i,                // the core's, like the next two
    input  logic                   out_end_i,
    input  logic                   done_i,
    output logic                   wait_input_o,
    output logic                   wait_output_o,
    output logic                   active_o,              // a valid context is not retired
    output logic                   works_o                // a firing is under way, or LOAD looks for the next
);
  localparam logic [1:0] Load = 2'd0, Wait = 2'd1, Integrate = 2'd2, Update = 2'd3;

  localparam int unsigned RowsBits = spikeloom_pkg::REG_CONTEXT_PAGES_ROWS_W;  // pages of a context
  localparam int unsigned PageBits = $clog2(spikeloom_pkg::LIMIT_PAGES);  // the number of one
  localparam int unsigned InboundBits = spikeloom_pkg::REG_CONTEXT_PAGES_INBOUND_W;
  localparam int unsigned FirstRowBits = spikeloom_pkg::REG_CONTEXT_PAGES_FIRST_ROW_W;
  localparam int unsigned FirstChunkBits = spikeloom_pkg::REG_CONTEXT_TABLES_FIRST_CHUNK_W;
  localparam int unsigned UpdateBits =
      spikeloom_pkg::REG_CONTEXT_UPDATE_COUNT_W + spikeloom_pkg::REG_CONTEXT_UPDATE_FIRST_W;
  localparam int unsigned FirstStateBits = spikeloom_pkg::REG_CONTEXT_STATE_FIRST_WORD_W;
  localparam int unsigned SkipBits = spikeloom_pkg::REG_ORDER_SKIP_W;

  // Tables.
  logic [FirstRowBits-1:0] first_row[0:Contexts-1];
  logic [InboundBits+RowsBits-1:0] pages[0:Contexts-1];  // inbound, rows
  logic [FirstChunkBits-1:0] first_chunk[0:Contexts-1];
  logic [UpdateBits-1:0] update[0:Contexts-1];
  logic [FirstStateBits-1:0] first_state[0:Contexts-1];
  logic [spikeloom_pkg::REG_CONTEXT_STATE_FIRST_BIAS_W-1:0] first_bias[0:Contexts-1];
  logic [1:0] mode[0:Contexts-1];
  logic [Contexts-1:0] valid_q;
  localparam int unsigned StepBits = $clog2(spikeloom_pkg::LIMIT_CONTEXT_LIMITS);
  logic [LimitBits-1:0] limit[0:(spikeloom_pkg::LIMIT_CONTEXT_LIMITS<<ContextBits)-1];
  logic [SkipBits+ContextBits-1:0] order[0:OrderEntries-1];
  logic [OrderBits:0] order_length_q;

  always_ff @(posedge clk_i) begin
    if (write_context_i) begin
      if (config_field_i == spikeloom_pkg::ADDR_CONTEXT_PAGES) begin
        first_row[config_context_i] <= `SPIKELOOM_FIELD(config_data_i, REG_CONTEXT_PAGES_FIRST_ROW);
        pages[config_context_i] <= {
          `SPIKELOOM_FIELD(config_data_i, REG_CONTEXT_PAGES_INBOUND),
          `SPIKELOOM_FIELD(config_data_i, REG_CONTEXT_PAGES_ROWS)
        };
      end
      if (config_field_i == spikeloom_pkg::ADDR_CONTEXT_TABLES)
        first_chunk[config_context_i] <= `SPIKELOOM_FIELD(config_data_i, REG_CONTEXT_TABLES_FIRST_CHUNK);
      if (config_field_i == spikeloom_pkg::ADDR_CONTEXT_UPDATE)
        update[config_context_i] <= {
          `SPIKELOOM_FIELD(config_data_i, REG_CONTEXT_UPDATE_COUNT),
          `SPIKELOOM_FIELD(config_data_i, REG_CONTEXT_UPDATE_FIRST)
        };
      if (config_field_i == spikeloom_pkg::ADDR_CONTEXT_STATE) begin
        first_state[config_context_i] <= `SPIKELOOM_FIELD(config_data_i, REG_CONTEXT_STATE_FIRST_WORD);
        first_bias[config_context_i] <= `SPIKELOOM_FIELD(config_data_i, REG_CONTEXT_STATE_FIRST_BIAS);
      end
      if (config_field_i == spikeloom_pkg::ADDR_CONTEXT_MODE) begin
        valid_q[config_context_i] <= `SPIKELOOM_FIELD(config_data_i, REG_CONTEXT_MODE_VALID);
        mode[config_context_i] <= {
          `SPIKELOOM_FIELD(config_data_i, REG_CONTEXT_MODE_LAST_ONLY),
          `SPIKELOOM_FIELD(config_data_i, REG_CONTEXT_MODE_READOUT)
        };
      end
      if (config_field_i >= spikeloom_pkg::ADDR_CONTEXT_LIMIT)
        limit[{config_context_i, config_field_i[StepBits-1:0]}] <= config_data_i[LimitBits-1:0];
    end
    if (write_order_i)
      order[config_position_i] <= {
        `SPIKELOOM_FIELD(config_data_i, REG_ORDER_SKIP),
        `SPIKELOOM_LOW(config_data_i, REG_ORDER_CONTEXT, ContextBits)
      };
    if (write_order_length_i) order_length_q <= config_data_i[OrderBits:0];
    if (rst_i) begin
      valid_q <= '0;
      order_length_q <= '0;
    end
  end

  // State.
  logic [1:0] state_q;
  logic [OrderBits-1:0] position_q;
  logic [SkipBits-1:0] round_q, entry_skip;
  logic [ContextBits-1:0] context_q, entry_context;
  logic [RowBits-1:0] row_q;
  logic sample_end_q, steps_zero, ready, inputs_ready, pass, step_order, go, wraps;
  logic closes, last_page, row_moves;
  logic has_full;   // f: there are pages that are not void
  logic next_void;  // INTEGRATE: the page behind the next free_i is void
  logic void_q, core_done_q, void_free, void_done;
  logic [RowBits-1:0] row_to;
  logic [PageBits-1:0] read_page_q[0:Contexts-1];
  logic [StepBits-1:0] steps_q[0:Contexts-1];
  logic [Contexts-1:0] retired_q;
  logic [PageBits-1:0] read_page, page_after;
  logic [StepBits-1:0] steps;
  logic [InboundBits-1:0] inbound;  // of the context, like rows
  logic [RowsBits-1:0] rows, batch_pages;

  assign {entry_skip, entry_context} = order[position_q];
  assign go = run_i && order_length_q != '0;
  assign pass = !valid_q[entry_context] || retired_q[entry_context] || round_q < entry_skip;
  assign {inbound, rows} = pages[context_q];
  assign inputs_ready = count_i == inbound;
  assign ready = state_q == Wait && inputs_ready && closes && !output_busy_i;
  assign start_o = en_i && ready && !run_end_i;
  assign fire_o = start_o && has_full;
  assign retire_o = en_i && ready && run_end_i;
  assign wait_input_o = en_i && state_q == Wait && !inputs_ready;
  assign wait_output_o = en_i && state_q == Wait && inputs_ready && closes && output_busy_i;
  assign step_order = (state_q == Load && go && pass) || retire_o || (state_q == Update && done_o);
  assign wraps = {1'b0, position_q} + (OrderBits + 1)'(1) == order_length_q;
  assign read_page = read_page_q[context_q];
  assign page_after = RowsBits'(read_page) + RowsBits'(1) == rows ? '0 : read_page + PageBits'(1);
  assign steps = steps_q[context_q];
  assign steps_zero = steps == '0;
  assign load_o = fire_o || (en_i && state_q == Integrate && free_o && !last_page && !next_void);

  // The batch: what closes it, and the rows of its pages.
  if (FiringPages > 1) begin : gen_batch
    logic [RowsBits-1:0] pages_q;  // WAIT: seen complete before row_q; INTEGRATE: not yet freed
    logic [PageBits-1:0] page_q, page_next, page_to, scan_page;  // page_q: of row_q
    logic [RowBits-1:0] first_row_q;
    assign closes = sample_end_i || run_end_i || pages_q == RowsBits'(FiringPages - 1);
    assign has_full = !void_i || pages_q != '0;
    assign next_void = void_q && pages_q == RowsBits'(2);
    assign batch_pages = pages_q + RowsBits'(1);
    assign fire_pages_o = void_i ? pages_q : batch_pages;
    assign last_page = pages_q == RowsBits'(1);
    assign page_next = RowsBits'(page_q) + RowsBits'(1) == rows ? '0 : page_q + PageBits'(1);
    assign page_to = start_o ? read_page : page_next;
    assign row_to = first_row_q + RowBits'(page_to);
    assign row_moves = start_o || (state_q == Wait && inputs_ready && !closes) ||
                       (state_q == Integrate && free_o);
    assign scan_o = state_q == Wait || (state_q == Integrate && free_o && !last_page);
    assign scan_page = state_q == Wait ? read_page : page_next;
    assign scan_row_o = first_row_q + RowBits'(scan_page);
    always_ff @(posedge clk_i) begin
      if (en_i) begin
        if (state_q == Load) begin
          first_row_q <= RowBits'(first_row[entry_context]);
          page_q <= read_page_q[entry_context];
          pages_q <= '0;
        end else if (row_moves) begin
          page_q <= page_to;
          if (start_o) pages_q <= batch_pages;
          else pages_q <= state_q == Wait ? pages_q + RowsBits'(1) : pages_q - RowsBits'(1);
        end
      end
    end
    `SPIKELOOM_CHECK(run_ends_between_batches, !retire_o || pages_q == '0)
    `SPIKELOOM_CHECK(batch_has_its_pages, state_q != Wait || rows >= RowsBits'(FiringPages))
  end else begin : gen_page
    assign closes = 1'b1;
    assign has_full = !void_i;
    assign next_void = 1'b0;
    assign batch_pages = RowsBits'(1);
    assign fire_pages_o = RowsBits'(1);
    assign last_page = 1'b1;
    assign row_moves = 1'b0;
    assign row_to = row_q;
    assign scan_o = state_q == Wait;
    assign scan_row_o = row_q;
  end

  // The firing's pages, counted from its first one, which frees do not move.
  if (Looks != 0) begin : gen_looks
    logic [PageBits-1:0] base_page_q;
    logic [StepBits-1:0] base_steps_q, look_steps;
    logic [RowBits-1:0] base_row_q;
    logic [RowsBits:0] page, step;
    always_ff @(posedge clk_i) begin
      if (en_i && state_q == Load) base_row_q <= RowBits'(first_row[entry_context]);
      if (en_i && fire_o) begin
        base_page_q <= read_page;
        base_steps_q <= steps;
      end
    end
    always_comb begin
      page = (RowsBits + 1)'(base_page_q) + (RowsBits + 1)'(look_page_i);
      if (page >= (RowsBits + 1)'(rows)) page = page - (RowsBits + 1)'(rows);
      step = (RowsBits + 1)'(base_steps_q) + (RowsBits + 1)'(look_page_i);
      look_steps = step > (RowsBits + 1)'(spikeloom_pkg::LIMIT_CONTEXT_LIMITS - 1) ? '1 : StepBits'(step);
    end
    assign look_row_o = base_row_q + RowBits'(page);
    assign look_limit_o = limit[{context_q, look_steps}];
  end else begin : gen_no_looks
    logic unused_look;
    assign unused_look = ^look_page_i;
    assign look_row_o = '0;
    assign look_limit_o = '0;
  end

  always_ff @(posedge clk_i) begin
    if (en_i && start_o) core_done_q <= !fire_o;
    else if (en_i && done_i) core_done_q <= 1'b1;
  end
  always_ff @(posedge clk_i) begin
    if (en_i) begin
      if (row_moves) row_q <= row_to;
      case (state_q)
        Load: begin
          context_q <= entry_context;
          row_q <= RowBits'(first_row[entry_context]) + RowBits'(read_page_q[entry_context]);
          if (go && !pass) state_q <= Wait;
        end
        Wait: begin
          sample_end_q <= sample_end_i;
          void_q <= void_i;
          if (retire_o) begin
            retired_q[context_q] <= 1'b1;
            state_q <= Load;
          end else if (start_o) begin
            state_q <= Integrate;
          end
        end
        Integrate:
        if (free_o) begin
          read_page_q[context_q] <= page_after;
          steps_q[context_q] <= sample_end_q && last_page ? '0 : steps + StepBits'(steps != '1);
          if (last_page) state_q <= Update;
        end
        default: if (done_o) state_q <= Load;
      endcase
      if (step_order) begin
        position_q <= wraps ? '0 : position_q + OrderBits'(1);
        if (wraps && round_q != '1) round_q <= round_q + SkipBits'(1);
      end
    end
    if (rst_i || clear_i) begin
      state_q <= Load;
      position_q <= '0;
      round_q <= '0;
      retired_q <= '0;
      for (int c = 0; c < Contexts; c++) begin
        read_page_q[c] <= '0;
        steps_q[c] <= '0;
      end
    end
  end

  assign row_o = row_q;
  assign context_o = context_q;
  assign context_chunk_o = first_chunk[context_q];
  assign {context_updates_o, context_update_o} = update[context_q];
  assign context_state_o = first_state[context_q];
  assign context_bias_o = first_bias[context_q];
  assign {context_last_only_o, context_readout_o} = mode[context_q];
  assign fire_first_o = steps_zero;
  assign fire_last_o = sample_end_i && !void_i;
  assign fire_limit_o = limit[{context_q, steps}];
  assign sample_end_o = sample_end_q;
  assign integrating_o = state_q == Integrate;
  assign void_o = void_q;
  assign void_free = state_q == Integrate && void_q && last_page;
  assign void_done = state_q == Update && void_q && core_done_q;
  assign free_o = free_i || void_free;
  assign out_end_o = out_end_i || void_done;
  assign done_o = void_q ? void_done : done_i;
  assign firing_o = state_q == Integrate || state_q == Update;
  assign active_o = (valid_q & ~retired_q) != '0;
  assign works_o = firing_o || (state_q == Load && go && active_o);

  // An end of a list a page, none before its page is freed, the last with done_i.
  logic [RowsBits-1:0] owed_ends_q, unfreed_q;  // of the checks only
  always_ff @(posedge clk_i) begin
    if (en_i) begin
      if (start_o) begin
        owed_ends_q <= batch_pages;
        unfreed_q <= batch_pages;
      end else begin
        owed_ends_q <= owed_ends_q - RowsBits'(out_end_o);
        unfreed_q <= unfreed_q - RowsBits'(free_o);
      end
    end
  end
  `SPIKELOOM_CHECK(list_ends_while_firing, !(en_i && out_end_o) || (firing_o && owed_ends_q > unfreed_q))
  `SPIKELOOM_CHECK(done_with_the_last_list, !(en_i && done_o) || (out_end_o && owed_ends_q == RowsBits'(1)))
  `SPIKELOOM_CHECK(last_list_is_done, !(en_i && out_end_o && owed_ends_q == RowsBits'(1)) || done_o)
  `SPIKELOOM_CHECK(free_while_integrating, !(en_i && free_o) || state_q == Integrate)
  `SPIKELOOM_CHECK(done_while_updating, !(en_i && done_o) || state_q == Update)
  `SPIKELOOM_CHECK(core_frees_full_pages, !(en_i && free_i) || !void_free)
  `SPIKELOOM_CHECK(void_ends_its_sample, !(start_o && void_i) || sample_end_i)
  `SPIKELOOM_CHECK(position_in_order, order_length_q == '0 || !run_i || {1'b0, position_q} < order_length_q)
endmodule
