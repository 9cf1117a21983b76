// SPDX-License-Identifier: MIT
pragma solidity 0.8.26;

import "Ogpu.sol";

/// A contract that orders tasks and is told of their end, for tests.
contract Order {
    bytes32 public last;
    uint256 public ended;
    uint256 public state;
    uint256 public paid;
    bytes32 public root;
    bool public again;

    event Ended(bytes32 indexed id, uint8 state);

    receive() external payable {}

    function order(bytes32 spec, string calldata task, uint64 gas_) external payable returns (bytes32) {
        last = Ogpu.submit(spec, task, this.onEnd.selector, gas_, msg.value);
        return last;
    }

    function orderAndFail(bytes32 spec, string calldata task) external payable {
        Ogpu.submit(spec, task, 0, 0, msg.value);
        revert("on second thoughts");
    }

    function orderByDelegate(bytes32 spec, string calldata task) external payable returns (bool ok) {
        (ok, ) = Ogpu.SUBMIT.delegatecall(bytes.concat(abi.encode(spec, bytes32(0), uint256(0)), bytes(task)));
    }

    function onEnd(bytes32 id, uint8 state_, uint64 paid_, uint8, bytes32 root_) external {
        require(msg.sender == Ogpu.SUBMIT, "not the network");
        require(id == last, "another task");
        if (again) while (true) ended++;
        ended++;
        state = state_;
        paid = paid_;
        root = root_;
        emit Ended(id, state_);
    }

    function loopInCallback() external {
        again = true;
    }

    function status(bytes32 id) external view returns (Ogpu.Status memory) {
        return Ogpu.status(id);
    }

    function result(bytes32 id) external view returns (Ogpu.Range[] memory) {
        return Ogpu.result(id, 0, 8);
    }

    function node(uint256 number) external view returns (uint256, uint256, uint256) {
        return Ogpu.node(number);
    }

    function market() external view returns (uint256, uint256, uint256) {
        return Ogpu.market();
    }

    function product(uint256 m, uint256 k, uint256 n, bytes calldata a, bytes calldata b)
        external
        view
        returns (bytes memory)
    {
        return Ogpu.matmul(m, k, n, a, b);
    }

    function dot(bytes calldata a, bytes calldata b) external view returns (int256) {
        return abi.decode(Ogpu.vector(4, a, b), (int256));
    }

    function verified(uint256 m, uint256 k, uint256 n, bytes calldata a, bytes calldata b)
        external
        view
        returns (bool right, bool wrong)
    {
        bytes memory c = Ogpu.matmulModP(m, k, n, a, b);
        uint256[3] memory mkn = [m, k, n];
        right = Ogpu.verify(mkn, 1, bytes32(0), bytes.concat(a, b, c));
        c[c.length - 1] ^= 0x01;
        wrong = Ogpu.verify(mkn, 1, bytes32(0), bytes.concat(a, b, c));
    }
}
