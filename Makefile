# 质效 Zhixiao. `make help` lists what there is.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# RAW, WAREHOUSE, KNOWN_ON, AS_OF and PORT may be given on the command line; a relative path counts from here.
export PYTHONUTF8 := 1
export KNOWN_ON AS_OF PORT
ifneq ($(strip $(RAW)),)
export ZHIXIAO_RAW := $(RAW)
endif
ifneq ($(strip $(WAREHOUSE)),)
export ZHIXIAO_WAREHOUSE := $(WAREHOUSE)
endif

PY := .venv/bin/python

.PHONY: help run up test test-long backfill bench evaluate lint fmt clean

help: ## 列出所有命令 / this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "  make run RAW=目录 WAREHOUSE=目录 KNOWN_ON=2026-02-28 AS_OF=2025-12-31"
	@echo "  退出码 / exit code: bin/zhixiao-run 0 已发布 / published, 3 已发布但有拒收或失败 / published, with faults, 1 未发布 / nothing"
	@echo "  (make 把 3 显示为 Error 3 并以 2 退出 / make itself shows 3 as 'Error 3' and exits with 2)"

run: ## 安装（首次）、运行一次夜间加载、发布并打印摘要 / set up, run the nightly load once, publish, print a summary
	@bin/zhixiao-run

up: ## 启动调度器与网页（仅本机） / the scheduler and its web page, on this machine only (PORT=8080)
	@bin/setup
	@$(PY) -m zhixiao.airflow_local up

test: ## 安装并运行全部检查与测试 / set up, then every check and test
	@bin/setup
	@bin/setup tools
	@bin/check
	@$(PY) -m pytest -m "not long" -n 2 --dist loadfile --no-loadscope-reorder --durations=15 $(ARGS)

test-long: ## 长测试 / the full form of the long tests
	@bin/setup
	@bin/setup tools
	@bin/check --all
	@$(PY) -m pytest -m long --durations=15 $(ARGS)

backfill: ## 十四五 60 个月末口径 / the 60 month-end pairs of the 14th plan (ARGS="--from 2021-01 --to 2025-12")
	@bin/setup
	@$(PY) -m zhixiao.cli backfill $(ARGS)

bench: ## 基准测试 / the benchmark
	@bin/setup
	@$(PY) -m bench

evaluate: ## 合成区评测：生成、运行、与真值比对 / simulate worlds, run the pipeline, compare with the truth (ARGS="--seed 7 --mess full")
	@bin/setup
	@$(PY) -m zhixiao.simulate.evaluate $(ARGS)

lint: ## 只做静态检查 / the static checks alone
	@bin/setup
	@bin/setup tools
	@bin/check

fmt: ## 统一格式 / format Python and SQL
	@bin/setup
	@bin/setup tools
	@$(PY) -m ruff check --fix-only --quiet .
	@$(PY) -m ruff format .
	@bin/check fix-sql

clean: ## 删除缓存；raw/ 与 warehouse/ 不动 / remove caches; raw/ and warehouse/ stay
	@rm -rf .airflow .pytest_cache .ruff_cache .mypy_cache .hypothesis build dbt_project/target dbt_project/logs bench/out
	@find zhixiao expectations dags tests bench -name __pycache__ -type d -prune -exec rm -rf {} +
