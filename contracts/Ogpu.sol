// SPDX-License-Identifier: MIT
pragma solidity 0.8.26;

/// The network's precompiles for contracts: tasks, nodes, the market, products of whole numbers. Import it; there
/// is nothing to deploy. ogpu-contract(1) describes each.
library Ogpu {
    address internal constant SUBMIT = address(0x0100);
    address internal constant STATUS = address(0x0101);
    address internal constant RESULT = address(0x0102);
    address internal constant NODE = address(0x0103);
    address internal constant MARKET = address(0x0104);
    address internal constant MATMUL_I32 = address(0x0110);
    address internal constant MATMUL_MODP = address(0x0111);
    address internal constant VEC_OP_I32 = address(0x0112);
    address internal constant FREIVALDS = address(0x0113);

    /// state: 0 unknown, 1 waiting, 2 open, 3 paid, 4 cancelled, 5 expired, 6 failed
    struct Status {
        uint8 state;
        uint64 number;
        address node;
        uint64 capacity; // MFLOP/s of the lease
        uint64 ms;
        bytes32 root; // of the result
        uint64 paid; // grains
        uint8 exit;
    }

    struct Range {
        uint64 first;
        uint64 count;
        uint64 node;
        uint8 exit;
        uint64 paid;
        bytes32 root;
    }

    function done(bool ok, bytes memory out) private pure returns (bytes memory) {
        if (!ok) {
            assembly {
                revert(add(out, 32), mload(out))
            }
        }
        return out;
    }

    /// Submits the task: an entry of task.submit's list in canonical JSON (ogpu-records(5)) of the spec blob.
    /// value, in wei, pays its escrow and the callback's gas; what is more stays with the contract. At the
    /// task's end the contract is called: callback(bytes32 id, uint8 state, uint64 paid, uint8 exit, bytes32 root).
    function submit(bytes32 spec, string memory task, bytes4 callback, uint64 callbackGas, uint256 value)
        internal
        returns (bytes32 id)
    {
        bytes memory input = bytes.concat(abi.encode(spec, bytes32(callback), uint256(callbackGas)), bytes(task));
        (bool ok, bytes memory out) = SUBMIT.call{value: value}(input);
        return abi.decode(done(ok, out), (bytes32));
    }

    function status(bytes32 id) internal view returns (Status memory) {
        (bool ok, bytes memory out) = STATUS.staticcall(abi.encode(id));
        return abi.decode(done(ok, out), (Status));
    }

    /// Paid ranges of a task that has ended well, len from off on; reverts where it has not.
    function result(bytes32 id, uint256 off, uint256 len) internal view returns (Range[] memory ranges) {
        (bool ok, bytes memory out) = RESULT.staticcall(abi.encode(id, off, len));
        done(ok, out);
        ranges = new Range[](out.length / 192);
        for (uint256 i = 0; i < ranges.length; i++) {
            bytes memory one = new bytes(192);
            for (uint256 k = 32; k <= 192; k += 32) {
                assembly {
                    mstore(add(one, k), mload(add(add(out, mul(i, 192)), k)))
                }
            }
            ranges[i] = abi.decode(one, (Range));
        }
    }

    /// capacity in MFLOP/s with six digits behind the point, reliability in millionths, bond in grains
    function node(uint256 number) internal view returns (uint256 capacity, uint256 reliability, uint256 bond) {
        (bool ok, bytes memory out) = NODE.staticcall(abi.encode(number));
        (capacity, reliability, bond, ) = abi.decode(done(ok, out), (uint256, uint256, uint256, uint256));
    }

    /// grains for 10^9 MFLOP, lambda with 18 digits behind the point, MFLOP/s of all nodes
    function market() internal view returns (uint256 rate, uint256 lambda, uint256 capacity) {
        (bool ok, bytes memory out) = MARKET.staticcall("");
        return abi.decode(done(ok, out), (uint256, uint256, uint256));
    }

    /// A (m times k) by B (k times n), int32 packed in 4 bytes, modulo 2^32
    function matmul(uint256 m, uint256 k, uint256 n, bytes memory a, bytes memory b)
        internal
        view
        returns (bytes memory)
    {
        (bool ok, bytes memory out) = MATMUL_I32.staticcall(bytes.concat(abi.encode(m, k, n), a, b));
        return done(ok, out);
    }

    /// The same of residues in 8 bytes modulo 2^64 - 2^32 + 1
    function matmulModP(uint256 m, uint256 k, uint256 n, bytes memory a, bytes memory b)
        internal
        view
        returns (bytes memory)
    {
        (bool ok, bytes memory out) = MATMUL_MODP.staticcall(bytes.concat(abi.encode(m, k, n), a, b));
        return done(ok, out);
    }

    /// op: 0 add, 1 mul, 2 relu, 3 sum, 4 dot, 5 argmax; b is empty but for add, mul and dot
    function vector(uint256 op, bytes memory a, bytes memory b) internal view returns (bytes memory) {
        (bool ok, bytes memory out) = VEC_OP_I32.staticcall(bytes.concat(abi.encode(op, a.length / 4), a, b));
        return done(ok, out);
    }

    /// True when c is a by b modulo 2^64 - 2^32 + 1; a wrong c passes with chance 1/p a round.
    function verify(uint256[3] memory mkn, uint256 rounds, bytes32 root, bytes memory abc)
        internal
        view
        returns (bool)
    {
        (bool ok, bytes memory out) = FREIVALDS.staticcall(bytes.concat(abi.encode(mkn, rounds, root), abc));
        return abi.decode(done(ok, out), (bool));
    }
}
