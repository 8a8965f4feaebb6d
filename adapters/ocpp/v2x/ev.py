"""What cars need and plan in 2.x (K15 to K20, ISO 15118)."""

from adapters.ocpp.v2x.fields import Payload, number_in, texts_in, time_in, whole_in
from adapters.ocpp.v2x.smart_charging import phase_values, schedule
from adapters.ocpp.whole_numbers import int32
from application.reports import Report
from domain.chargers.ev import (
    AcNeeds,
    ChargingNeedsNotified,
    ChargingScheduleNotified,
    DcNeeds,
    DerNeeds,
    V2xNeeds,
)


def charging_needs(payload: Payload) -> Report:
    """NotifyEVChargingNeeds."""
    needs = payload["chargingNeeds"]
    ac, dc = needs.get("acChargingParameters"), needs.get("dcChargingParameters")
    v2x, der = needs.get("v2xChargingParameters"), needs.get("derChargingParameters")
    fact = ChargingNeedsNotified(
        evse_id=int32(payload["evseId"]),
        energy_transfer=needs["requestedEnergyTransfer"],
        available_transfers=texts_in(needs, "availableEnergyTransfer"),
        departure_at=time_in(needs, "departureTime"),
        schedule_entries=whole_in(payload, "maxScheduleTuples"),
        control_mode=needs.get("controlMode", ""),
        mobility_mode=needs.get("mobilityNeedsMode", ""),
        ac=None if ac is None else _ac(ac),
        dc=None if dc is None else _dc(dc),
        v2x=None if v2x is None else _v2x(v2x),
        der=None if der is None else _der(der),
    )
    return Report(fact, time_in(payload, "timestamp"))


def charging_schedule(payload: Payload) -> Report:
    """NotifyEVChargingSchedule."""
    return Report(
        ChargingScheduleNotified(
            evse_id=int32(payload["evseId"]),
            base_at=time_in(payload, "timeBase"),
            schedule=schedule(payload["chargingSchedule"]),
            selected_schedule_id=whole_in(payload, "selectedChargingScheduleId"),
            tolerance_accepted=payload.get("powerToleranceAcceptance"),
        )
    )


def _ac(told: Payload) -> AcNeeds:
    return AcNeeds(
        energy_wh=number_in(told, "energyAmount"),
        min_current_a=number_in(told, "evMinCurrent"),
        max_current_a=number_in(told, "evMaxCurrent"),
        max_voltage_v=number_in(told, "evMaxVoltage"),
    )


def _dc(told: Payload) -> DcNeeds:
    return DcNeeds(
        max_current_a=number_in(told, "evMaxCurrent"),
        max_voltage_v=number_in(told, "evMaxVoltage"),
        max_power_w=number_in(told, "evMaxPower"),
        energy_wh=number_in(told, "energyAmount"),
        capacity_wh=number_in(told, "evEnergyCapacity"),
        soc_pct=whole_in(told, "stateOfCharge"),
        full_soc_pct=whole_in(told, "fullSoC"),
        bulk_soc_pct=whole_in(told, "bulkSoC"),
    )


def _v2x(told: Payload) -> V2xNeeds:
    return V2xNeeds(
        min_charge_w=phase_values(told, "minChargePower"),
        max_charge_w=phase_values(told, "maxChargePower"),
        min_discharge_w=phase_values(told, "minDischargePower"),
        max_discharge_w=phase_values(told, "maxDischargePower"),
        min_charge_a=number_in(told, "minChargeCurrent"),
        max_charge_a=number_in(told, "maxChargeCurrent"),
        min_discharge_a=number_in(told, "minDischargeCurrent"),
        max_discharge_a=number_in(told, "maxDischargeCurrent"),
        min_voltage_v=number_in(told, "minVoltage"),
        max_voltage_v=number_in(told, "maxVoltage"),
        target_energy_wh=number_in(told, "evTargetEnergyRequest"),
        min_energy_wh=number_in(told, "evMinEnergyRequest"),
        max_energy_wh=number_in(told, "evMaxEnergyRequest"),
        min_v2x_energy_wh=number_in(told, "evMinV2XEnergyRequest"),
        max_v2x_energy_wh=number_in(told, "evMaxV2XEnergyRequest"),
        target_soc_pct=whole_in(told, "targetSoC"),
    )


def _der(told: Payload) -> DerNeeds:
    return DerNeeds(
        controls=texts_in(told, "evSupportedDERControl"),
        manufacturer=told.get("evInverterManufacturer", ""),
        model=told.get("evInverterModel", ""),
        serial=told.get("evInverterSerialNumber", ""),
        max_apparent_va=number_in(told, "maxApparentPower"),
    )
