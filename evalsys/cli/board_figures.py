"""The fieldwork board as plain figures, for programs that read ``evalsys field status --json``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from evalsys.fieldwork.board import Board, Finish, Worked
from evalsys.fieldwork.call_times import Calls


def list_board_figures(board: Board) -> dict:
    """Everything on the board: times in ISO 8601 and UTC, shares 0–1, margins in points."""
    return {
        "at": board.at.isoformat(),
        "completes": board.whole.completes,
        "quota": board.quota,
        "rates": asdict(board.whole.rates),
        "units": {
            row.unit.code: _describe_worked(row.worked)
            | {
                "quota": row.unit.quota,
                "margin": row.margin,
                "deff": row.deff,
                "expected_completes": asdict(row.expected),
                "quota_met": _describe_finish(row.finish),
            }
            for row in board.units
        },
        "channels": {name: _describe_worked(worked) for name, worked in board.by_channel.items()},
        "interviewers": {name: _describe_worked(worked) for name, worked in board.by_interviewer.items()},
        "calls": {
            "by_hour": _describe_calls(board.calls.by_hour),
            "by_slot": _describe_calls(board.calls.by_slot),
            "by_day": _describe_calls(board.calls.by_day),
        },
        "providers": {
            one.channel: {
                "circuit": one.circuit.state,
                "faults": dict(one.faults),
                "in_flight": one.in_flight,
                "unknown": one.unknown,
                "per_second": one.pace,
                "at_most_per_second": one.allowed,
            }
            for one in board.providers
        },
        "callbacks_waiting": board.callbacks_waiting,
        "cost_per_complete": board.cost_per_complete,
        "budget": board.budget,
        "planned_deviation": board.planned_deviation,
        "completes_per_calling_hour": board.pace,
        "recent_calling_hours": board.recent_hours,
        "quotas_met": _describe_finish(board.quotas_met),
        "worked_out": _describe_finish(board.worked_out),
    }


def _describe_worked(worked: Worked) -> dict:
    return {
        "released": worked.released,
        "open": worked.open,
        "completes": worked.completes,
        "rates": asdict(worked.rates),
    }


def _describe_finish(finish: Finish) -> dict:
    moments = {"low": finish.low, "middle": finish.middle, "high": finish.high}
    return {"reason": finish.reason} | {name: at and at.isoformat() for name, at in moments.items()}


def _describe_calls(calls: Mapping[object, Calls]) -> dict[str, dict]:
    return {str(key): asdict(counts) for key, counts in calls.items()}
