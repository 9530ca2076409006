"""Recompute the books of Online Retail from the CSV alone, with nothing of the project: see docs/online-retail.md.

Usage: python scripts/recompute_online_retail.py online_retail.csv.gz
"""

import collections
import csv
import gzip
import json
import sys
from decimal import ROUND_HALF_UP, Decimal


def read(path):
    """Give the invoices in the order of their first time, then of their first line in the file."""
    invoices = {}
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            exact = int(row["Quantity"]) * Decimal(row["UnitPrice"])
            minor = int((abs(exact) * 100).quantize(Decimal(1), ROUND_HALF_UP)) * (-1 if exact < 0 else 1)
            invoice = invoices.setdefault(row["InvoiceNo"], {"ref": row["InvoiceNo"], "line": number, "lines": []})
            invoice["customer"] = row["CustomerID"].strip().removesuffix(".0")
            invoice["at"] = min(invoice.get("at", row["InvoiceDate"]), row["InvoiceDate"])
            invoice["lines"].append(
                {"sku": row["StockCode"], "q": int(row["Quantity"]), "minor": minor, "exact": exact}
            )
    return sorted(invoices.values(), key=lambda invoice: (invoice["at"], invoice["line"]))


def spread(points, lines):
    """Share points over lines by largest remainder; ties go to the line that comes first."""
    whole = sum(line["minor"] for line in lines)
    for line in lines:
        line["earned"], line["rest"] = divmod(points * line["minor"], whole)
    missing = points - sum(line["earned"] for line in lines)
    for line in sorted(lines, key=lambda line: -line["rest"])[:missing]:
        line["earned"] += 1


def give_back(line, earlier):
    """Match one credit line with earlier purchases, latest first: (kind, points clawed back)."""
    left, clawed = -line["q"], 0
    for bought in reversed(earlier):
        part = min(left, bought["q"] - bought["returned"])
        bought["returned"] += part
        due = (2 * bought["earned"] * bought["returned"] + bought["q"]) // (2 * bought["q"])
        clawed, bought["reversed"], left = clawed + due - bought["reversed"], due, left - part
    return ("matched" if left == 0 else "exhausted" if left == -line["q"] else "partly matched"), clawed


def main(path):
    """Walk through the invoices once and return every figure of the table."""
    invoices, sums = read(path), collections.Counter()
    ever = {
        (i["customer"], ln["sku"]) for i in invoices if i["ref"][0] not in "CA" for ln in i["lines"] if ln["q"] > 0
    }
    bought, balance, buyers = collections.defaultdict(list), collections.Counter(), set()
    for invoice in invoices:
        who, kind = invoice["customer"], invoice["ref"][0]
        sums["lines"] += len(invoice["lines"])
        sums["lines exact"] += sum(line["exact"] for line in invoice["lines"])
        sums["lines minor"] += sum(line["minor"] for line in invoice["lines"])
        sums["credit notes" if kind == "C" else "adjustments" if kind == "A" else "orders"] += 1
        if kind == "C":
            for line in invoice["lines"]:
                earlier = bought[who, line["sku"]] if who else []
                match, clawed = give_back(line, earlier) if earlier else ("never bought", 0)
                if not earlier and (who, line["sku"]) in ever:
                    match = "bought only later"
                sums["credit lines " + (match if who else "without customer")] += 1
                sums["clawed back"] += clawed
                balance[who] -= clawed
        elif who:
            lines = [line for line in invoice["lines"] if line["q"] > 0 and line["exact"] > 0]
            points = sum(line["minor"] for line in lines) // 100
            for line in invoice["lines"]:
                line.update(earned=0, returned=0, reversed=0)
            if lines:
                if points:
                    spread(points, lines)
                buyers.add(who)
                sums["orders that earn" if points else "orders that earn nothing"] += 1
                sums["customer positive orders"] += 1
                sums["customer positive lines"] += len(lines)
                sums["customer positive exact"] += sum(line["exact"] for line in lines)
                sums["customer positive minor"] += sum(line["minor"] for line in lines)
            sums["gross points"] += points
            balance[who] += points
            for line in invoice["lines"]:
                if line["q"] > 0:
                    bought[who, line["sku"]].append(line)
    sums["customers"], sums["customers who bought"] = len({i["customer"] for i in invoices} - {""}), len(buyers)
    sums["balances"], sums["debt"] = sum(balance.values()), -sum(b for b in balance.values() if b < 0)
    sums["largest balance"] = max(balance.values())
    return dict(sums)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(sys.argv[1]), indent=1, sort_keys=True, default=str) + "\n")
