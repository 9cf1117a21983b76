// SPDX-License-Identifier: MIT
pragma solidity 0.8.26;

/// The pay rule P_i = rate * C_i * T_i * lambda (paper 3.3). Functions of numbers alone: money stays in the
/// ledger's rows, and the ledger bounds what comes back. Units: grains, MFLOP/s, ms, MFLOP, lambda in millionths.
contract Pay {
    uint256 private constant VALUE_MAX = 2 ** 62;
    uint256 private constant UNITS_MAX = 2 ** 60 - 1;

    function least(uint256 a, uint256 b) internal pure returns (uint256) {
        return a < b ? a : b;
    }

    /// U = min(C * T / 1000, 5/4 * work * count); work 0: no bound.
    function units(uint64 capacity, uint64 ms, uint64 work, uint64 count) public pure returns (uint64) {
        unchecked {
            // 64 by 64 bits, 64 by 64 by 3
            return bounded((uint256(capacity) * ms) / 1000, work == 0, (uint256(work) * count * 5) / 4);
        }
    }

    function bounded(uint256 sold, bool free, uint256 most) internal pure returns (uint64) {
        uint256 u = least(sold, VALUE_MAX);
        return uint64(least(free ? u : least(u, most), UNITS_MAX));
    }

    /// P = min(A, rate * U * lambda / 10^15)
    function pay(uint64 rate, uint64 u, uint64 lambda, uint64 amount) public pure returns (uint64) {
        unchecked {
            // 64 by 64 by 64 bits
            return within((uint256(rate) * u * lambda) / 10 ** 15, amount);
        }
    }

    function within(uint256 p, uint64 amount) internal pure returns (uint64) {
        return uint64(least(p, least(amount, VALUE_MAX)));
    }

    /// What of the escrow an accepted lease moves: to its node, to the treasury (levy and urgency, `extra`
    /// millionths of the pay), back to the submitter (what is left of the lease's share). Paid before: nothing.
    function settle(uint64 escrow, uint64 share, uint64 due, uint64 extra, bool paid)
        public
        pure
        returns (uint64 node, uint64 treasury, uint64 refund)
    {
        unchecked {
            // 64 by 64 bits
            return split(escrow, share, due, (uint256(due) * extra) / 10 ** 6, paid);
        }
    }

    /// s: below 2^128
    function split(uint64 escrow, uint64 share, uint64 due, uint256 s, bool paid)
        internal
        pure
        returns (uint64 node, uint64 treasury, uint64 refund)
    {
        if (paid) return (0, 0, 0);
        uint256 left = escrow;
        unchecked {
            // what is taken is at most what is left
            node = uint64(least(due, left));
            left -= node;
            treasury = uint64(least(s, left));
            left -= treasury;
            uint256 spent = due + s;
            refund = uint64(least(share > spent ? share - spent : 0, left));
        }
    }
}

/// What holds of it whatever the products are, for `ogpu-contract prove`.
contract PayCheck is Pay {
    function check_units(uint128 sold, bool free, uint128 most) external pure {
        uint256 u = bounded(sold, free, most);
        assert(u <= 2 ** 60 - 1);
        assert(u <= sold);
        assert(free || u <= most);
    }

    function check_pay_is_within_amount(uint192 p, uint64 amount) external pure {
        uint256 g = within(p, amount);
        assert(g <= amount && g <= p);
    }

    function check_payouts_are_within_escrow(uint64 escrow, uint64 share, uint64 due, uint128 s, bool paid)
        external
        pure
    {
        (uint64 n, uint64 t, uint64 r) = split(escrow, share, due, s, paid);
        assert(n <= due && t <= s);
        assert(n <= escrow);
        unchecked {
            assert(t <= escrow - n);
            assert(r <= escrow - n - t);
        }
    }

    function check_paid_at_most_once(uint64 escrow, uint64 share, uint64 due, uint128 s) external pure {
        (uint64 n, uint64 t, uint64 r) = split(escrow, share, due, s, true);
        assert(n == 0 && t == 0 && r == 0);
    }

    /// No product of the rules passes 256 bits.
    function check_no_overflow(uint64 a, uint64 b, uint64 c) external pure {
        uint256 most = type(uint64).max;
        assert(a <= most && b <= most && c <= most);
        assert(most * most * most <= type(uint256).max / 5);
    }
}
